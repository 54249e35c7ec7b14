import 'reflect-metadata';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type {
	ICredentialDataDecryptedObject,
	INodeCredentialsDetails,
	INodeExecutionData,
	INodeListSearchResult,
	INodeParameters,
	INodeType,
	INodeTypes,
	IRun,
	IRunExecutionData,
	IWorkflowExecuteAdditionalData,
	WorkflowExecuteMode,
} from 'n8n-workflow';
import type * as Core from 'n8n-core';
import type * as Di from '@n8n/di';
import type * as N8n from 'n8n-workflow';
import type { Flow, NodeOptions } from './flow';
import { Run } from './run';
import { AgentNode, SourceNode } from './testNodes';
import { toolVariant } from './toolVariant';

export interface RunOptions {
	/** Items that the Source node gives out; binary data as base64. One empty item unless told otherwise. */
	readonly items?: readonly INodeExecutionData[];
	readonly mode?: WorkflowExecuteMode;
	readonly credentials?: NodeOptions['credentials'];
	/** Where this n8n is said to be, for the addresses that executions are resumed by. */
	readonly baseUrl?: string;
}

/** An execution under way. */
export interface Running {
	readonly done: Promise<Run>;
	/** Stops the execution as n8n's button does. */
	cancel(): void;
}

/**
 * n8n's execution engine (n8n-core) in this process: real workflow executions with error outputs, paired items, expressions, binary data
 * on disk, execution hints, cancelling, waiting and resuming, without server or database. Open one lab in a test file, before anything
 * else asks for n8n-core, and close it at the end.
 *
 * @example
 * const lab = await N8nLab.open({ scoreImage: ScoreImage });
 * const run = await lab.run(oneNode('scoreImage', { model: 'bottles' }), { items: [fileItem(png)] });
 * expect(run.status).toBe('success');
 * expect(run.json()).toMatchObject([{ verdict: 'normal' }]);
 */
export class N8nLab {
	private constructor(
		/** Stands for n8n's user folder. */
		readonly home: string,
		/** The one folder that n8n allows file access to; relative paths count from it. */
		readonly files: string,
		private readonly core: typeof Core,
		private readonly n8n: typeof N8n,
		private readonly container: typeof Di.Container,
		private readonly types: ReadonlyMap<string, INodeType>,
	) {}

	/** @param classes node name, as workflows of this lab call it, to the node's class; `<name>Tool` is its AI tool variant */
	static async open(classes: Readonly<Record<string, new () => INodeType>>): Promise<N8nLab> {
		const home = realpathSync(mkdtempSync(path.join(tmpdir(), 'dinomaly-n8n-')));
		const files = path.join(home, 'files');
		mkdirSync(files);
		Object.assign(process.env, {
			N8N_USER_FOLDER: home,
			N8N_ENCRYPTION_KEY: 'test',
			N8N_LOG_LEVEL: 'silent',
			N8N_RESTRICT_FILE_ACCESS_TO: files,
			N8N_DEFAULT_BINARY_DATA_MODE: 'filesystem',
			N8N_DIAGNOSTICS_ENABLED: 'false',
		});
		// n8n reads the environment while its modules load.
		const [core, n8n, { Container }] = await Promise.all([
			import('n8n-core'),
			import('n8n-workflow'),
			import('@n8n/di'),
		]);
		await Container.get(core.BinaryDataService).init();
		return new N8nLab(home, files, core, n8n, Container, instances(classes));
	}

	/** Runs a workflow to its end, or until it waits. A workflow that fails is a run with status "error", not a rejection. */
	async run(flow: Flow, options: RunOptions = {}): Promise<Run> {
		return this.start(flow, options).done;
	}

	/** Starts a workflow. */
	start(flow: Flow, options: RunOptions = {}): Running {
		const { items = [{ json: {} }] } = options;
		const workflow = this.workflow(flow);
		const node = workflow.getNode(flow.nodes[0].name);
		if (node === null) throw new Error('Expected a workflow with a node, found none');
		const data = this.n8n.createRunExecutionData({
			executionData: {
				nodeExecutionStack: [{ node, data: { main: [[...items]] }, source: null }],
			},
		});
		return this.execute(flow, data, options);
	}

	/** Goes on with a run that waits, as n8n does when a POST with `body` arrives at its resume URL. */
	async resume(flow: Flow, waiting: Run, body: unknown, options: RunOptions = {}): Promise<Run> {
		const data = structuredClone(waiting.data);
		const entry = data.executionData?.nodeExecutionStack.at(0);
		if (data.waitTill === undefined || entry === undefined)
			throw new Error('Expected a run that waits, found one that does not');
		const workflow = this.workflow(flow);
		const node = workflow.getNode(entry.node.name) ?? entry.node;
		const type = workflow.nodeTypes.getByNameAndVersion(node.type, node.typeVersion);
		const additionalData = this.additionalData(flow, options);
		Object.assign(additionalData, {
			httpRequest: { body, headers: {}, query: {}, params: {}, method: 'POST' },
			httpResponse: {},
		});
		const description = type.description.webhooks?.find(({ restartWebhook }) => restartWebhook === true);
		if (description === undefined || type.webhook === undefined)
			throw new Error(`Expected ${node.type} to have a webhook to resume by`);
		const webhook = {
			httpMethod: 'POST' as const,
			node: node.name,
			path: '',
			webhookDescription: description,
			workflowId: 'test',
			workflowExecuteAdditionalData: additionalData,
		};
		const { WebhookContext } = this.core;
		const context = new WebhookContext(workflow, node, additionalData, 'manual', webhook, [], data);
		const { workflowData = [] } = await type.webhook.call(context);
		delete data.waitTill;
		data.resultData.runData[node.name].pop();
		entry.node.disabled = true;
		entry.data.main = workflowData;
		entry.metadata = { ...entry.metadata, forwardAllOutputs: true };
		return this.execute(flow, data, options).done;
	}

	/** Calls a list search of a node, as the editor does for a resource locator. */
	async search(
		type: string,
		method: string,
		options: { filter?: string; parameters?: INodeParameters } = {},
	): Promise<INodeListSearchResult> {
		const { filter, parameters = {} } = options;
		const flow: Flow = {
			nodes: [{ id: '1', name: 'Node', type, typeVersion: 1, position: [0, 0], parameters }],
			connections: {},
		};
		const additionalData = this.additionalData(flow, {});
		additionalData.currentNodeParameters = parameters;
		const workflow = this.workflow(flow);
		const { LoadOptionsContext } = this.core;
		const context = new LoadOptionsContext(workflow, flow.nodes[0], additionalData, 'model');
		const search = this.types.get(type)?.methods?.listSearch?.[method];
		if (search === undefined) throw new Error(`Expected ${type} to have the list search ${method}`);
		return search.call(context, filter);
	}

	/** The bytes of an item's binary field, from n8n's binary store. */
	async bytes(item: INodeExecutionData, field: string): Promise<Buffer> {
		const data = item.binary?.[field];
		if (data === undefined) throw new Error(`Expected binary field "${field}", found none`);
		return this.container.get(this.core.BinaryDataService).getAsBuffer(data);
	}

	/** What n8n makes of a node when it is to be an AI tool. */
	nodeType(name: string): INodeType {
		const type = this.types.get(name);
		if (type !== undefined) return type;
		const base = name.endsWith('Tool') ? this.types.get(name.slice(0, -'Tool'.length)) : undefined;
		if (base === undefined) throw new Error(`Expected a node type of this lab, found "${name}"`);
		return toolVariant(base);
	}

	close(): void {
		rmSync(this.home, { recursive: true, force: true });
	}

	private execute(flow: Flow, data: IRunExecutionData, options: RunOptions): Running {
		const { WorkflowExecute } = this.core;
		const { mode = 'manual' } = options;
		const additionalData = this.additionalData(flow, options);
		const execution = new WorkflowExecute(additionalData, mode, data);
		const running = execution.processRunExecutionData(this.workflow(flow));
		return {
			done: running.then(
				(run: IRun | undefined) => new Run(run ?? execution.getFullRunData(new Date())),
			),
			cancel: () => {
				running.cancel();
			},
		};
	}

	private workflow({ nodes, connections, settings = {} }: Flow): N8n.Workflow {
		const nodeTypes: INodeTypes = {
			getByName: (name) => this.nodeType(name),
			getByNameAndVersion: (name) => this.nodeType(name),
			getKnownTypes: () => ({}),
		};
		return new this.n8n.Workflow({
			id: 'test',
			nodes: structuredClone([...nodes]),
			connections,
			nodeTypes,
			settings: { executionOrder: 'v1', ...settings },
			active: false,
		});
	}

	private additionalData(flow: Flow, options: RunOptions): IWorkflowExecuteAdditionalData {
		const { mode = 'manual', credentials = {}, baseUrl: base = 'http://localhost:9' } = options;
		const data: Partial<IWorkflowExecuteAdditionalData> = {
			hooks: new this.core.ExecutionLifecycleHooks(mode, '1', {
				id: 'test',
				name: 'test',
				active: false,
				activeVersionId: null,
				isArchived: false,
				createdAt: new Date(),
				updatedAt: new Date(),
				nodes: [...flow.nodes],
				connections: flow.connections,
			}),
			executionId: '1',
			restApiUrl: `${base}/rest`,
			instanceBaseUrl: base,
			formWaitingBaseUrl: `${base}/form-waiting`,
			webhookBaseUrl: `${base}/webhook`,
			webhookWaitingBaseUrl: `${base}/webhook-waiting`,
			webhookTestBaseUrl: `${base}/webhook-test`,
			variables: {},
			setExecutionStatus: () => undefined,
			sendDataToUI: () => undefined,
			credentialsHelper: credentialsHelper(credentials),
		};
		return data as IWorkflowExecuteAdditionalData;
	}
}

function instances(classes: Readonly<Record<string, new () => INodeType>>): Map<string, INodeType> {
	const types = new Map<string, INodeType>([
		['source', new SourceNode()],
		['agent', new AgentNode()],
	]);
	for (const [name, NodeClass] of Object.entries(classes)) types.set(name, new NodeClass());
	return types;
}

/** The secrets of a run in place of n8n's encrypted database. */
function credentialsHelper(
	secrets: Readonly<Record<string, ICredentialDataDecryptedObject>>,
): IWorkflowExecuteAdditionalData['credentialsHelper'] {
	const helper = {
		getParentTypes: () => [],
		isCredentialUsableByNode: () => true,
		getCredentialsProperties: () => [],
		getDecrypted: (_data: unknown, _details: INodeCredentialsDetails, type: string) =>
			Promise.resolve(secrets[type] ?? {}),
	};
	return helper as unknown as IWorkflowExecuteAdditionalData['credentialsHelper'];
}
