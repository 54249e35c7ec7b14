import type { ICredentialType, INodeProperties } from 'n8n-workflow';

/** A server that scores instead of this machine: any that speaks the Open Inference Protocol v2. Score Image tests it. */
export class InferenceServerApi implements ICredentialType {
	name = 'inferenceServerApi';

	// eslint-disable-next-line n8n-nodes-base/cred-class-field-display-name-missing-api -- people know the thing, not its interface
	displayName = 'Inference Server';

	icon = 'file:inferenceServer.svg' as const;

	documentationUrl = 'https://www.npmjs.com/package/n8n-nodes-dinomaly';

	properties: INodeProperties[] = [
		{
			displayName: 'URL',
			name: 'url',
			type: 'string',
			default: '',
			required: true,
			placeholder: 'e.g. https://triton.example.com:8000',
			description: 'Address of the HTTP port; whatever comes before /v2 in it',
		},
		{
			displayName: 'Token',
			name: 'token',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			description: 'Sent as a bearer token to this address only; empty where the server asks for none',
		},
		{
			displayName: 'Timeout (Seconds)',
			name: 'timeoutSeconds',
			type: 'number',
			typeOptions: { minValue: 1, maxValue: 3600 },
			default: 30,
			description: 'Longest wait for an answer, a view of an image each',
		},
	];
}
