import type { ICredentialType, INodeProperties } from 'n8n-workflow';

/** Where engine workers, machines that run `dinomaly worker`, are found: a Redis server that they and n8n reach. Score Image tests it. */
// eslint-disable-next-line @n8n/community-nodes/credential-test-required -- Score Image tests it (testedBy)
export class EngineWorkersApi implements ICredentialType {
	name = 'engineWorkersApi';

	displayName = 'Engine Workers API';

	icon = 'file:engineWorkers.svg' as const;

	documentationUrl = 'https://www.npmjs.com/package/n8n-nodes-dinomaly';

	properties: INodeProperties[] = [
		{
			displayName: 'Redis URL',
			name: 'url',
			type: 'string',
			default: '',
			required: true,
			placeholder: 'e.g. redis://redis.example.com:6379',
			description:
				'Address of the Redis server where n8n and the workers meet; "rediss://" means TLS, and a number after the last "/" chooses a database',
		},
		{
			displayName: 'User',
			name: 'user',
			type: 'string',
			default: '',
			description: "Empty for Redis's default user",
		},
		{
			displayName: 'Password',
			name: 'password',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			description: 'Empty for a server that asks for none',
		},
		{
			displayName: 'TLS',
			name: 'tls',
			type: 'boolean',
			default: false,
			description: 'Whether to encrypt the connection; "rediss://" does so too',
		},
		{
			displayName: 'CA Certificate',
			name: 'ca',
			type: 'string',
			typeOptions: { rows: 4 },
			default: '',
			placeholder: '-----BEGIN CERTIFICATE-----',
			description:
				"With TLS: the certificate (PEM) of the authority that the server's own must come from; empty for those that Node.js trusts",
		},
		{
			displayName: 'Client Certificate',
			name: 'clientCertificate',
			type: 'string',
			typeOptions: { rows: 4, password: true },
			default: '',
			placeholder: '-----BEGIN CERTIFICATE-----',
			description: "With TLS: n8n's own certificate (PEM), for a server that asks for one (mutual TLS)",
		},
		{
			displayName: 'Client Key',
			name: 'clientPrivateKey',
			type: 'string',
			typeOptions: { rows: 4, password: true },
			default: '',
			description: 'The private key (PEM, without a passphrase) of Client Certificate',
		},
		{
			displayName: 'Prefix',
			name: 'prefix',
			type: 'string',
			default: 'dinomaly',
			description: 'Start of every key in Redis, the same as that of the workers',
		},
		{
			displayName: 'Queue Limit',
			name: 'maxWaiting',
			type: 'number',
			typeOptions: { minValue: 1 },
			default: 1000,
			description:
				'How many requests for scores may wait for a worker before more are refused; a tenth of it for evaluations and trainings',
		},
		{
			displayName: 'Wait for a Worker (Seconds)',
			name: 'patienceSeconds',
			type: 'number',
			typeOptions: { minValue: 0 },
			default: 60,
			description:
				'How long work waits while no worker is there, before it fails; trainings wait a quarter of an hour unless this is 0',
		},
	];
}
