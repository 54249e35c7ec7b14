import type { ICredentialDataDecryptedObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import {
	checkWorkersConnection,
	DEFAULT_MAX_WAITING,
	DEFAULT_PATIENCE_SECONDS,
	type WorkersConnection,
} from '../../src/workers/connection';
import { failed, toNodeError } from './failure';

const NAME = 'engineWorkersApi';
const ON_WORKERS = 'engineWorkers';

/** Put it into a node's Options. */
export const engineWorkersProperty: INodeProperties = {
	displayName: 'Compute on Engine Workers',
	name: ON_WORKERS,
	type: 'boolean',
	default: false,
	noDataExpression: true,
	description:
		'Whether machines that run "dinomaly worker" compute, instead of this n8n; their credential is then asked for at the head of this panel. They need the same model store: a shared folder or object storage.',
};

/** The credential of a node appears when its option asks for it: most people have no use for it. */
export const onEngineWorkers = { show: { [`/options.${ON_WORKERS}`]: [true] } };

/** Whether the options of item `index` ask for engine workers. */
export function isOnWorkers(context: IExecuteFunctions, index: number): boolean {
	return context.getNodeParameter(`options.${ON_WORKERS}`, index, false) === true;
}

/**
 * Where the workers of a node are found; undefined when its option does not ask for them. Throws NodeOperationError for a credential that is not
 * chosen or not filled in.
 */
export async function readWorkers(
	context: IExecuteFunctions,
	index: number,
): Promise<WorkersConnection | undefined> {
	if (!isOnWorkers(context, index)) return undefined;
	if (context.getNode().credentials?.[NAME] === undefined)
		throw failed(
			context.getNode(),
			{
				message: 'Expected a credential Engine Workers API, found none chosen',
				hint: 'Choose one at the head of the panel, or switch "Compute on Engine Workers" off.',
			},
			index,
		);
	const fields = await context.getCredentials(NAME, index);
	try {
		return workersOfCredential(fields);
	} catch (error) {
		throw toNodeError(context.getNode(), error, index);
	}
}

/** Throws CONFIG_INVALID naming the field. */
export function workersOfCredential(fields: ICredentialDataDecryptedObject): WorkersConnection {
	const text = (name: string): string => {
		const value = fields[name];
		return typeof value === 'string' ? value : '';
	};
	const { maxWaiting, patienceSeconds } = fields;
	return checkWorkersConnection({
		url: text('url'),
		user: text('user'),
		password: text('password'),
		tls: fields.tls === true,
		certificates: {
			ca: text('ca'),
			certificate: text('clientCertificate'),
			key: text('clientPrivateKey'),
		},
		prefix: text('prefix'),
		maxWaiting: typeof maxWaiting === 'number' ? maxWaiting : DEFAULT_MAX_WAITING,
		patienceSeconds: typeof patienceSeconds === 'number' ? patienceSeconds : DEFAULT_PATIENCE_SECONDS,
	});
}
