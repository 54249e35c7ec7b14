// The S3 server of the other tests, for an n8n: its source is TypeScript.
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';

const require = createRequire(import.meta.url);

/** @returns the server (test/store/objects/server.ts), and the data of a credential S3 Model Store for it */
export async function openObjectServer() {
	require('../../support/typescript.cjs');
	const { startObjectServer } = require('../../store/objects/server.ts');
	const folder = mkdtempSync(path.join(tmpdir(), 'dinomaly-bucket-'));
	const server = await startObjectServer(folder);
	return {
		server,
		folder,
		fields: {
			endpoint: `http://127.0.0.1:${server.wire.port}`,
			region: 'us-east-1',
			bucket: 'models',
			prefix: 'plant-2/inspection',
			accessKeyId: 'S3RVER',
			secretAccessKey: 'the-secret-of-the-bucket',
			pathStyle: true,
			cacheGb: 1,
		},
		close: async () => {
			await server.close();
			rmSync(folder, { recursive: true, force: true });
		},
	};
}
