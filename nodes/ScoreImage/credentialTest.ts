import type {
	ICredentialsDecrypted,
	ICredentialTestFunctions,
	INodeCredentialTestResult,
} from 'n8n-workflow';
import { DinomalyError, messageOf } from '../../src/errors';
import { tryWorkers } from '../../src/workers/probe';
import { workersOfCredential } from '../shared/workers';

/** What n8n asks when the credential Engine Workers is saved: reaches Redis and says which workers are there. */
export async function engineWorkersTest(
	this: ICredentialTestFunctions,
	{ data = {} }: ICredentialsDecrypted,
): Promise<INodeCredentialTestResult> {
	try {
		return { status: 'OK', message: await tryWorkers(workersOfCredential(data)) };
	} catch (error) {
		const hint = error instanceof DinomalyError ? (error.hint ?? '') : '';
		return { status: 'Error', message: `${messageOf(error)}${hint === '' ? '' : `. ${hint}`}` };
	}
}
