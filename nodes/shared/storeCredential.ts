import type { ICredentialDataDecryptedObject, IExecuteFunctions, ILoadOptionsFunctions } from 'n8n-workflow';
import { checkConnection, DEFAULT_CACHE_GB, type StoreConnection } from '../../src/store/objects/connection';
import { connectStore } from '../../src/store/objects/connections';
import { defaultStore } from '../../src/store/paths';
import { failed, toNodeError, type FailureData } from './failure';

/** The credential of every node that uses the store, asked for when the store is in object storage. */
const NAME = 's3ModelStoreApi';

/** The folder that stands for the store of the node's credential. Throws NodeOperationError for one that is not chosen or not filled in. */
export async function connectedStore(
	context: IExecuteFunctions | ILoadOptionsFunctions,
	index = 0,
): Promise<string> {
	if (context.getNode().credentials?.[NAME] === undefined)
		throw failed(context.getNode(), notChosen(), index);
	const fields = await context.getCredentials(NAME, index);
	try {
		return connectStore(connectionOfCredential(fields), defaultStore());
	} catch (error) {
		throw toNodeError(context.getNode(), error, index);
	}
}

function notChosen(): FailureData {
	return {
		message: 'Expected a credential S3 Model Store, found none chosen',
		hint: 'Choose one at the head of the panel, or switch "Store in Object Storage" off.',
	};
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
