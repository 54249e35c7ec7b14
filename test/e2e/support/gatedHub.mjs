// A stand-in for the Hugging Face hub that gives a gated encoder away to the holder of one token.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from '../../../scripts/setup.mjs';

const require = createRequire(path.join(root, 'dist', 'src', 'index.js'));

/** @returns its address, the encoder's name, the token, and `close()` */
export async function openGatedHub() {
	const [encoder, token] = ['deit-tiny', 'hf_opensesameopensesame'];
	const weights = await weightsOf(encoder);
	const server = createServer((request, response) => {
		const isOpen = request.headers.authorization === `Bearer ${token}`;
		if (isOpen) response.writeHead(200, { 'content-length': weights.length, etag: '"1"' }).end(weights);
		else response.writeHead(401).end('Access to this model is restricted');
	});
	await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
	return {
		url: `http://127.0.0.1:${server.address().port}`,
		encoder,
		token,
		close: () => {
			server.closeAllConnections();
			server.close();
		},
	};
}

/** A file of the encoder's shapes; its numbers come from a seed. */
async function weightsOf(encoder) {
	const { findEncoder } = require('./weights/catalogue.js');
	const { canonicalShapes } = require('./weights/encoderArchitecture.js');
	const { writeSafetensors } = require('./weights/safetensors.js');
	const { createRandom } = require('./random.js');
	const random = createRandom(5);
	const folder = mkdtempSync(path.join(tmpdir(), 'dinomaly-hub-'));
	try {
		const tensors = [...canonicalShapes(findEncoder(encoder).architecture)].map(([name, shape]) => {
			const data = new Float32Array(shape.reduce((product, extent) => product * extent, 1));
			random.fillNormal(data);
			return { name, dtype: 'F32', shape, data: data.map((value) => 0.02 * value) };
		});
		const file = path.join(folder, 'model.safetensors');
		await writeSafetensors(file, tensors);
		return readFileSync(file);
	} finally {
		rmSync(folder, { recursive: true });
	}
}
