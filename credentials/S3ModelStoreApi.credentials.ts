import type { ICredentialType, INodeProperties } from 'n8n-workflow';

/** Where models are kept beyond one machine: any object storage that speaks S3. Dinomaly Model tests it. */
// eslint-disable-next-line @n8n/community-nodes/credential-test-required -- Dinomaly Model tests it (testedBy)
export class S3ModelStoreApi implements ICredentialType {
	name = 's3ModelStoreApi';

	displayName = 'S3 Model Store';

	icon = 'file:s3ModelStore.svg' as const;

	documentationUrl = 'https://www.npmjs.com/package/n8n-nodes-dinomaly';

	properties: INodeProperties[] = [
		{
			displayName: 'Endpoint',
			name: 'endpoint',
			type: 'string',
			default: '',
			placeholder: 'e.g. https://minio.example.com:9000',
			description: "Address of the server; empty for Amazon's own of the region",
		},
		{
			displayName: 'Region',
			name: 'region',
			type: 'string',
			default: 'us-east-1',
			description: 'Region of the bucket; servers of your own mostly take any',
		},
		{
			displayName: 'Bucket',
			name: 'bucket',
			type: 'string',
			default: '',
			required: true,
			placeholder: 'e.g. models',
		},
		{
			displayName: 'Prefix',
			name: 'prefix',
			type: 'string',
			default: '',
			placeholder: 'e.g. plant-2/inspection',
			description: 'Part of the bucket that is the store; empty for all of it',
		},
		{
			displayName: 'Access Key',
			name: 'accessKeyId',
			type: 'string',
			default: '',
			required: true,
		},
		{
			displayName: 'Secret Key',
			name: 'secretAccessKey',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			required: true,
		},
		{
			displayName: 'Path Style',
			name: 'pathStyle',
			type: 'boolean',
			default: false,
			description:
				'Whether the bucket is named in the path instead of the host name, as MinIO and most servers of your own want it',
		},
		{
			displayName: 'Cache Size (GB)',
			name: 'cacheGb',
			type: 'number',
			typeOptions: { minValue: 0 },
			default: 10,
			description:
				'How much of this machine local copies of models may take; those used longest ago go first',
		},
	];
}
