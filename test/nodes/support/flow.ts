import type {
	ICredentialDataDecryptedObject,
	IConnections,
	INode,
	INodeExecutionData,
	INodeParameters,
	IWorkflowSettings,
} from 'n8n-workflow';

/** The part of a workflow JSON that decides what runs. The first node is where it starts. */
export interface Flow {
	readonly nodes: readonly INode[];
	readonly connections: IConnections;
	readonly settings?: IWorkflowSettings;
}

export interface NodeOptions {
	/** What happens to an item that fails; `continueErrorOutput` adds an output. */
	readonly onError?: INode['onError'];
	/** Credential type to its secret fields. */
	readonly credentials?: Readonly<Record<string, ICredentialDataDecryptedObject>>;
	readonly name?: string;
}

/** A Source node and after it one node of ours, named "Node" unless told otherwise. `type` is the name that the lab knows it by. */
export function oneNode(type: string, parameters: INodeParameters = {}, options: NodeOptions = {}): Flow {
	const name = options.name ?? 'Node';
	return chain([source(), node(type, parameters, { ...options, name })]);
}

/** Nodes one after the other, first output to first input. */
export function chain(nodes: readonly INode[]): Flow {
	const connections: IConnections = {};
	for (let i = 1; i < nodes.length; i++)
		connections[nodes[i - 1].name] = { main: [[{ node: nodes[i].name, type: 'main', index: 0 }]] };
	return { nodes, connections };
}

/** The node that gives out the lab's input items; see `SourceNode`. */
export function source(): INode {
	return node('source', {}, { name: 'Source' });
}

export function node(type: string, parameters: INodeParameters = {}, options: NodeOptions = {}): INode {
	const { name = type, onError, credentials } = options;
	return {
		id: name,
		name,
		type,
		typeVersion: 1,
		position: [0, 0],
		parameters,
		...(onError && { onError }),
		...(credentials && {
			credentials: Object.fromEntries(
				Object.keys(credentials).map((key) => [key, { id: key, name: key }]),
			),
		}),
	};
}

/** An input item with one binary field of encoded bytes. */
export function fileItem(
	bytes: Uint8Array,
	options: { json?: INodeExecutionData['json']; field?: string; fileName?: string; mimeType?: string } = {},
): INodeExecutionData {
	const { json = {}, field = 'data', fileName, mimeType = 'image/png' } = options;
	const data = Buffer.from(bytes).toString('base64');
	return { json, binary: { [field]: { data, mimeType, ...(fileName !== undefined && { fileName }) } } };
}
