import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Encoder, readEncoder } from '../../src/encoding/encoder';
import { openEncoder } from '../../src/weights/encoderWeights';
import { resolveEncoder } from '../../src/weights/resolveEncoder';
import { readSafetensors, writeSafetensors } from '../../src/weights/safetensors';

const folder = mkdtempSync(path.join(tmpdir(), 'dinomaly-descriptors-'));
afterAll(() => {
	rmSync(folder, { recursive: true });
});

async function write(name: string, tensors: Record<string, number[]>): Promise<string> {
	const file = path.join(folder, `${name}.safetensors`);
	await writeSafetensors(
		file,
		Object.entries(tensors).map(([tensor, shape]) => ({
			name: tensor,
			dtype: 'F32' as const,
			shape,
			data: new Float32Array(shape.reduce((product, extent) => product * extent, 1)),
		})),
	);
	return file;
}

const whole = {
	'descriptors.0.weight': [468, 64],
	'descriptors.0.bias': [64],
	'descriptors.1.weight': [936, 64],
	'descriptors.1.bias': [64],
};

test('they come with the package, and say what they are', async () => {
	const resolved = await resolveEncoder('descriptors', { cacheDir: folder });
	expect(resolved).toMatchObject({
		name: 'descriptors',
		notice: expect.stringContaining('by a fixed rule'),
	});
	const { dims } = await readEncoder(resolved);
	expect(dims).toMatchObject({ dim: 192, heads: 3, patch: 16, registers: 0 });
});

test('a file of one width has that width', async () => {
	const { architecture } = openEncoder(await readSafetensors(await write('whole', whole)));
	expect(architecture).toMatchObject({ family: 'descriptors', dim: 64, heads: 1 });
});

test.each([
	[
		'a part is missing',
		{ ...whole, 'descriptors.1.bias': undefined },
		/descriptors\.1\.bias .* found none/,
	],
	[
		'descriptors of another kind',
		{ ...whole, 'descriptors.1.weight': [900, 64] },
		/\(936, 64\), .* \(900, 64\)/,
	],
	['a width without heads', { ...whole, 'descriptors.0.weight': [468, 50] }, /multiple of 64/],
])('refused: %s', async (name, tensors, words) => {
	const present = Object.fromEntries(Object.entries(tensors).filter(([, shape]) => shape !== undefined));
	const file = await write(name.replaceAll(' ', '-'), present as Record<string, number[]>);
	const opened = await readSafetensors(file);
	expect(() => openEncoder(opened)).toThrow(words);
});

test('more groups than there are is one sentence', async () => {
	const file = await readEncoder(await resolveEncoder('descriptors', { cacheDir: folder }));
	await expect(
		Encoder.load(file, { imageSize: 64, cropSize: 64, groups: 4 }, { device: 'cpu' }),
	).rejects.toMatchObject({
		code: 'CONFIG_INVALID',
		message:
			'Expected 1 or 2 groups of layers for encoder descriptors, which has no layers to make more of, found 4',
	});
});
