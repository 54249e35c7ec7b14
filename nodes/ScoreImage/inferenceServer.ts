import type {
	ICredentialDataDecryptedObject,
	ICredentialsDecrypted,
	ICredentialTestFunctions,
	IExecuteFunctions,
	INodeCredentialTestResult,
	INodeProperties,
} from 'n8n-workflow';
import { DinomalyError, messageOf } from '../../src/errors';
import type { ServedBy } from '../../src/scoring/request';
import {
	checkServer,
	DEFAULT_TIMEOUT_SECONDS,
	InferenceClient,
	type InferenceServer,
} from '../../src/serving';
import { validateName } from '../../src/store/names';
import { failed, toNodeError } from '../shared/failure';

const NAME = 'inferenceServerApi';
const ON_SERVER = 'inferenceServer';
/** What Version on Server holds for a server that has none. */
const NO_VERSION = 'none';

export const onServerProperty: INodeProperties = {
	displayName: 'Score on Inference Server',
	name: ON_SERVER,
	type: 'boolean',
	default: false,
	noDataExpression: true,
	description:
		'Whether a server that the model was exported for makes the anomaly maps (Open Inference Protocol v2: Triton, KServe, OpenVINO Model Server); its credential is then asked for at the head of this panel, and Device, Precision and Threads are its own',
};

export const serverModelProperty: INodeProperties = {
	displayName: 'Model on Server',
	name: 'serverModel',
	type: 'string',
	default: '',
	placeholder: 'e.g. bottles',
	description: 'Name on the inference server; empty means that of the model',
};

export const serverVersionProperty: INodeProperties = {
	displayName: 'Version on Server',
	name: 'serverVersion',
	type: 'string',
	default: '',
	placeholder: 'e.g. 3',
	description:
		'Version on the inference server; empty means that of the model, "none" is for servers without versions',
};

/** The credential of the server appears when the option asks for it. */
export const onInferenceServer = { show: { [`/options.${ON_SERVER}`]: [true] } };

/** Who scores an item, when that is not this machine. Throws NodeOperationError for a credential that is not chosen or not filled in. */
export async function readServedBy(context: IExecuteFunctions, index: number): Promise<ServedBy | undefined> {
	if (context.getNodeParameter(`options.${ON_SERVER}`, index, false) !== true) return undefined;
	if (context.getNode().credentials?.[NAME] === undefined)
		throw failed(
			context.getNode(),
			{
				message: 'Expected a credential Inference Server, found none chosen',
				hint: 'Choose one at the head of the panel, or switch "Score on Inference Server" off.',
			},
			index,
		);
	const fields = await context.getCredentials(NAME, index);
	const text = (name: string): string =>
		(context.getNodeParameter(`options.${name}`, index, '') as string).trim();
	const [model, version] = [text('serverModel'), text('serverVersion')];
	try {
		return {
			server: serverOfCredential(fields),
			...(model !== '' && { model: validateName(model, 'model') }),
			...(version !== '' && { version: version === NO_VERSION ? null : version }),
		};
	} catch (error) {
		throw toNodeError(context.getNode(), error, index);
	}
}

/** What n8n asks when the credential is saved: whether the server is there and ready. */
export async function inferenceServerTest(
	this: ICredentialTestFunctions,
	{ data = {} }: ICredentialsDecrypted,
): Promise<INodeCredentialTestResult> {
	try {
		const found = await new InferenceClient(serverOfCredential(data)).describe();
		return { status: 'OK', message: `The server is ready${found === '' ? '' : `: ${found}`}` };
	} catch (error) {
		const hint = error instanceof DinomalyError ? (error.hint ?? '') : '';
		return { status: 'Error', message: `${messageOf(error)}${hint === '' ? '' : `. ${hint}`}` };
	}
}

/** Throws CONFIG_INVALID naming the field. */
function serverOfCredential(fields: ICredentialDataDecryptedObject): InferenceServer {
	const { url, token, timeoutSeconds } = fields;
	return checkServer({
		url: typeof url === 'string' ? url : '',
		token: typeof token === 'string' ? token : '',
		timeoutSeconds: typeof timeoutSeconds === 'number' ? timeoutSeconds : DEFAULT_TIMEOUT_SECONDS,
	});
}
