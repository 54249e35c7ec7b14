import type { ICredentialDataDecryptedObject, IExecuteFunctions, ILoadOptionsFunctions } from 'n8n-workflow';
import { checkConnection, DEFAULT_CACHE_GB, type StoreConnection } from '../../src/store/objects/connection';
import { connectStore } from '../../src/store/objects/connections';
import { defaultStore } from '../../src/store/paths';
import { toNodeError } from './failure';

/** The optional credential of every node that uses the store; without it the store is a folder. */
const NAME = 's3ModelStoreApi';

/** Whether the node's store is in object storage. */
export function hasStoreCredential(context: IExecuteFunctions | ILoadOptionsFunctions): boolean {
	return context.getNode().credentials?.[NAME] !== undefined;
}

/** The folder that stands for the store of the node's credential. Throws NodeOperationError for a credential that is not filled in. */
export async function connectedStore(
	context: IExecuteFunctions | ILoadOptionsFunctions,
	index = 0,
): Promise<string> {
	const fields = await context.getCredentials(NAME, index);
	try {
		return connectStore(connectionOfCredential(fields), defaultStore());
	} catch (error) {
		throw toNodeError(context.getNode(), error, index);
	}
}

/** Throws CONFIG_INVALID naming the field. */
export function connectionOfCredential(fields: ICredentialDataDecryptedObject): StoreConnection {
	const text = (name: string): string => {
		const value = fields[name];
		return typeof value === 'string' ? value : '';
	};
	return checkConnection({
		endpoint: text('endpoint'),
		region: text('region'),
		bucket: text('bucket'),
		prefix: text('prefix'),
		accessKeyId: text('accessKeyId'),
		secretAccessKey: text('secretAccessKey'),
		pathStyle: fields.pathStyle === true,
		cacheGb: typeof fields.cacheGb === 'number' ? fields.cacheGb : DEFAULT_CACHE_GB,
	});
}
