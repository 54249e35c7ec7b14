// Makes assets/encoders/embedded.safetensors: the blocks that Dinomaly uses, in float16.
// Usage: npm run build && node scripts/embedEncoder.mjs ENCODER.safetensors
import { createHash } from 'node:crypto';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const { readSafetensors, writeSafetensors } = require(join(root, 'dist/src/weights/safetensors.js'));
const { openEncoder } = require(join(root, 'dist/src/weights/encoderWeights.js'));
const { targetLayers } = require(join(root, 'dist/src/weights/targetLayers.js'));

const [source] = process.argv.slice(2);
if (source === undefined) throw new Error('Expected the path of a safetensors file as argument, found none');

const encoder = openEncoder(await readSafetensors(source));
const { depth, heads } = encoder.architecture;
const lastBlock = Math.max(...targetLayers(depth));
const isUsed = (name) => !name.startsWith('blocks.') || Number(name.split('.')[1]) <= lastBlock;

const target = join(root, 'assets/encoders/embedded.safetensors');
await mkdir(dirname(target), { recursive: true });
await writeSafetensors(
	target,
	encoder.names
		.filter(isUsed)
		.map((name) => ({ name, dtype: 'F16', shape: encoder.shape(name), data: encoder.get(name) })),
	{
		name: 'n8n-nodes-dinomaly embedded encoder',
		description: 'Vision Transformer pretrained on drawn images; see embedded.md',
		license: 'Apache-2.0',
		heads: String(heads),
		source_sha256: createHash('sha256')
			.update(await readFile(source))
			.digest('hex'),
	},
);

let largestError = 0;
const written = openEncoder(await readSafetensors(target));
for (const name of written.names) {
	const [before, after] = [encoder.get(name), written.get(name)];
	for (let i = 0; i < after.length; i++) {
		if (!Number.isFinite(after[i]))
			throw new Error(`Expected finite values in ${name}, found ${after[i]} at ${i}`);
		largestError = Math.max(largestError, Math.abs(after[i] - before[i]));
	}
}
const { size } = await stat(target);
console.log(
	`${target}: ${size} bytes, ${written.names.length} tensors, largest rounding error ${largestError.toExponential(2)}`,
);
