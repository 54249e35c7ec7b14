import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readDistribution, writeDistribution } from '../../src/distribution/distributionFile';
import type { Random } from '../../src/random';
import { openEncoder } from '../../src/weights/encoderWeights';
import { parseSafetensors, readSafetensors, writeSafetensors } from '../../src/weights/safetensors';
import { fuzz } from './support/fuzz';
import { mutateBytes, mutateJsonText } from './support/mutate';

const folder = mkdtempSync(path.join(tmpdir(), 'dinomaly-fuzz-weights-'));
const file = path.join(folder, 'distribution.safetensors');
const card = { files: { 'distribution.safetensors': { sha256: 'a'.repeat(64), bytes: 1 } } } as never;
let small: Uint8Array;
let distribution: Uint8Array;
let encoder: Uint8Array;

beforeAll(async () => {
	const seed = path.join(folder, 'seed.safetensors');
	await writeSafetensors(
		seed,
		[
			{ name: 'a.weight', dtype: 'F32', shape: [2, 3], data: new Float32Array(6) },
			{ name: 'b', dtype: 'F16', shape: [4], data: new Float32Array(4) },
			{ name: 'c', dtype: 'F32', shape: [], data: new Float32Array(1) },
		],
		{ format: 'pt', heads: '1' },
	);
	small = readFileSync(seed);
	await writeDistribution(seed, {
		controls: [new Float32Array([1, 0]), new Float32Array([0, 1])],
		categories: [
			{
				category: 'bolt',
				limit: 0.5,
				memory: [new Float32Array([1, 0])],
				normalDistances: new Float32Array([0.1]),
			},
		],
	});
	distribution = readFileSync(seed);
	await writeSafetensors(seed, tinyVit());
	encoder = readFileSync(seed);
});
afterAll(() => {
	rmSync(folder, { recursive: true, force: true });
});

fuzz('safetensors, bytes', { input: (random) => mutateBytes(small, random), parse: readAll, share: 5 });
fuzz('safetensors, header', { input: (random) => withHeader(small, random), parse: readAll, share: 3 });
fuzz('safetensors, from a file', {
	input: (random) => (random.integer(2) === 0 ? mutateBytes(small, random) : withHeader(small, random)),
	parse: async (bytes) => {
		writeFileSync(file, bytes);
		const stored = await readSafetensors(file);
		for (const name of stored.names) stored.read(name);
	},
});
fuzz('what a model knows of good images', {
	input: (random) =>
		random.integer(2) === 0 ? mutateBytes(distribution, random) : withHeader(distribution, random),
	parse: async (bytes) => {
		writeFileSync(file, bytes);
		await readDistribution({ card, path: folder });
	},
});
fuzz('encoder', {
	input: (random) => withHeader(encoder, random),
	parse: (bytes) => {
		const opened = openEncoder(parseSafetensors(bytes));
		for (const name of opened.names) opened.get(name);
	},
});

function readAll(bytes: Uint8Array): void {
	const stored = parseSafetensors(bytes);
	for (const name of stored.names) {
		stored.read(name);
		if (/^(B?F16|F32|F64)$/.test(stored.info(name).dtype)) stored.readFloat32(name);
	}
}

/** The file with a mutated header of the right length: what lies behind the first check is reached. */
function withHeader(bytes: Uint8Array, random: Random): Uint8Array {
	const length = Number(Buffer.from(bytes).readBigUInt64LE(0));
	const header = JSON.parse(Buffer.from(bytes.subarray(8, 8 + length)).toString()) as unknown;
	const json = mutateJsonText(header, random);
	const opening = Buffer.alloc(8);
	opening.writeBigUInt64LE(BigInt(json.length));
	return new Uint8Array(Buffer.concat([opening, json, bytes.subarray(8 + length)]));
}

/** A transformer of one block and eight values a token, in timm's names. */
function tinyVit() {
	const dim = 8;
	const shapes: Record<string, number[]> = {
		cls_token: [1, 1, dim],
		pos_embed: [1, 5, dim],
		'patch_embed.proj.weight': [dim, 3, 2, 2],
		'patch_embed.proj.bias': [dim],
		'blocks.0.norm1.weight': [dim],
		'blocks.0.norm1.bias': [dim],
		'blocks.0.attn.qkv.weight': [3 * dim, dim],
		'blocks.0.attn.qkv.bias': [3 * dim],
		'blocks.0.attn.proj.weight': [dim, dim],
		'blocks.0.attn.proj.bias': [dim],
		'blocks.0.norm2.weight': [dim],
		'blocks.0.norm2.bias': [dim],
		'blocks.0.mlp.fc1.weight': [2 * dim, dim],
		'blocks.0.mlp.fc1.bias': [2 * dim],
		'blocks.0.mlp.fc2.weight': [dim, 2 * dim],
		'blocks.0.mlp.fc2.bias': [dim],
	};
	return Object.entries(shapes).map(([name, shape]) => ({
		name,
		dtype: 'F32' as const,
		shape,
		data: new Float32Array(shape.reduce((product, side) => product * side, 1)),
	}));
}
