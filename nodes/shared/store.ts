import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { IExecuteFunctions, ILoadOptionsFunctions, INodeProperties } from 'n8n-workflow';
import { defaultStore } from '../../src/store/paths';
import { storeOf } from '../../src/store/storeOf';
import { connectedStore } from './storeCredential';
import { failed, toNodeError, type FailureData } from './failure';
import { allowedFolder, allowedFolders, checkFolder, isInside, type PathGuard } from './folders';

const IN_OBJECT_STORAGE = 'objectStorage';

/** The credential of a node appears when its option asks for it: most people have no use for it. */
export const inObjectStorage = { show: { [`/options.${IN_OBJECT_STORAGE}`]: [true] } };

const storeFolderProperty: INodeProperties = {
	displayName: 'Store Folder',
	name: 'storeFolder',
	type: 'string',
	default: '',
	placeholder: 'e.g. inspection/models',
	description:
		'Folder of the model store; empty means the store of this n8n (DINOMALY_STORE, or "dinomaly" in n8n\'s own folder), and a relative path counts from the first folder that n8n allows file access to',
};

const objectStorageProperty: INodeProperties = {
	displayName: 'Store in Object Storage',
	name: IN_OBJECT_STORAGE,
	type: 'boolean',
	default: false,
	noDataExpression: true,
	description:
		'Whether the models are in S3-compatible object storage, which many machines share; its credential is then asked for at the head of this panel',
};

/** Put them into the node's Options. */
export const storeProperties = [storeFolderProperty, objectStorageProperty] as const;

/** The store folder that the node's option names, checked against n8n's file access rules; n8n's own store when it is empty. */
export async function readStore(context: IExecuteFunctions, index: number): Promise<string> {
	const value = context.getNodeParameter('options.storeFolder', index, '');
	if (context.getNodeParameter(`options.${IN_OBJECT_STORAGE}`, index, false) === true) {
		if (value !== '') throw failed(context.getNode(), twoStores(), index);
		return connectedStore(context, index);
	}
	if (isDefaultStore(value)) return ownStore(context, index);
	return allowedFolder(context, index, { value, label: 'Store Folder' });
}

/** The store folder while the node is being edited, where neither expressions nor n8n's file helpers are at hand; throws Error. */
export async function readStoreWhileEditing(context: ILoadOptionsFunctions): Promise<string> {
	if (context.getCurrentNodeParameter(`options.${IN_OBJECT_STORAGE}`) === true)
		return connectedStore(context);
	const value = context.getCurrentNodeParameter('options.storeFolder');
	if (isDefaultStore(value)) return storeOf(undefined);
	const folder = await checkFolder(value, editingGuard());
	if (typeof folder === 'string') return folder;
	throw new Error(folder.message);
}

/** The store of this n8n, which its administrator may have put into object storage. */
function ownStore(context: IExecuteFunctions, index: number): string {
	try {
		return storeOf(undefined);
	} catch (error) {
		throw toNodeError(context.getNode(), error, index);
	}
}

function twoStores(): FailureData {
	return {
		message: 'Expected either "Store in Object Storage" or a folder in "Store Folder", found both',
		hint: 'Take one of the two away.',
	};
}

function isDefaultStore(value: unknown): boolean {
	if (value === undefined || value === '') return true;
	// The environment is the administrator's word, so naming its folder needs no further leave.
	return typeof value === 'string' && resolve(value) === defaultStore();
}

/** The rules of n8n's file helpers, from the environment. */
function editingGuard(environment: NodeJS.ProcessEnv = process.env): PathGuard {
	const allowed = allowedFolders(environment);
	const own = resolve(environment.N8N_USER_FOLDER ?? homedir(), '.n8n');
	return (path) =>
		isInside(join(own), path) ||
		(allowed.length > 0 && !allowed.some((folder) => isInside(folder, path)));
}
