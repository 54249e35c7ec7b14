import type {
	ICredentialsDecrypted,
	ICredentialTestFunctions,
	INodeCredentialTestResult,
} from 'n8n-workflow';
import { DinomalyError, messageOf } from '../../src/errors';
import { tryConnection } from '../../src/store/objects/probe';
import { connectionOfCredential } from '../shared/storeCredential';

/** What n8n asks when the credential S3 Model Store is saved: reaches the bucket, and tries whether it keeps conditions of writes. */
export async function s3ModelStoreTest(
	this: ICredentialTestFunctions,
	{ data = {} }: ICredentialsDecrypted,
): Promise<INodeCredentialTestResult> {
	try {
		return { status: 'OK', message: await tryConnection(connectionOfCredential(data)) };
	} catch (error) {
		const hint = error instanceof DinomalyError ? (error.hint ?? '') : '';
		return { status: 'Error', message: `${messageOf(error)}${hint === '' ? '' : `. ${hint}`}` };
	}
}
