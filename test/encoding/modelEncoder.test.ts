import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findModelEncoder, keepEncoder } from '../../src/encoding/modelEncoder';
import type { ModelCard } from '../../src/store/card';
import { findEncoder } from '../../src/weights/catalogue';
import { resolveEncoder } from '../../src/weights/resolveEncoder';
import { openEncoder } from '../../src/weights/encoderWeights';
import { readSafetensors, writeSafetensors } from '../../src/weights/safetensors';

let store: string;
beforeEach(async () => {
	store = await mkdtemp(path.join(tmpdir(), 'encoder-'));
});
afterEach(() => rm(store, { recursive: true }));

const cardOf = (name: string, sha256: string): ModelCard =>
	({ name: 'board', encoder: { name, sha256 } }) as ModelCard;
const sha256Of = async (file: string): Promise<string> =>
	createHash('sha256')
		.update(await readFile(file))
		.digest('hex');

/** The descriptors as another version of the package would bring them: one number differs. */
async function otherDescriptors(): Promise<string> {
	const { path: file } = await resolveEncoder('descriptors', { cacheDir: store });
	const weights = openEncoder(await readSafetensors(file));
	const tensors = weights.names.map((name) => ({
		name,
		dtype: 'F32' as const,
		shape: weights.shape(name),
		data: Float32Array.from(weights.get(name)),
	}));
	tensors[0].data[0] += 1;
	const target = path.join(store, 'other.safetensors');
	await writeSafetensors(target, tensors);
	return target;
}

test('an encoder of the package is kept, so that a model outlives the version of the package that brought it', async () => {
	const file = await otherDescriptors();
	const sha256 = await sha256Of(file);
	// The model of an earlier version: this file came with the package under that name, and was kept at the training.
	const entry = findEncoder('descriptors');
	await keepEncoder(store, { name: 'descriptors', path: file, sha256, entry: entry ?? null });
	await rm(file);
	const found = await findModelEncoder(store, cardOf('descriptors', sha256));
	expect(found.dims).toEqual((await findModelEncoder(store, await currentCard())).dims);
});

test('an encoder of the package that was not kept and is another one now is not taken for it', async () => {
	const sha256 = 'ab'.repeat(32);
	await expect(findModelEncoder(store, cardOf('descriptors', sha256))).rejects.toMatchObject({
		code: 'HASH_MISMATCH',
		message: expect.stringContaining('model "board"'),
	});
});

test('a file that the user named is found after it moved', async () => {
	const elsewhere = path.join(store, 'elsewhere');
	await mkdir(elsewhere);
	const file = path.join(elsewhere, 'mine.safetensors');
	await copyFile((await resolveEncoder('descriptors', { cacheDir: store })).path, file);
	const resolved = await resolveEncoder(file, { cacheDir: store });
	await keepEncoder(store, resolved);
	await rm(elsewhere, { recursive: true });
	expect((await findModelEncoder(store, cardOf('mine', resolved.sha256))).dims).toBeDefined();
});

test('a kept file that rotted is refused', async () => {
	const file = await otherDescriptors();
	const sha256 = await sha256Of(file);
	await keepEncoder(store, {
		name: 'descriptors',
		path: file,
		sha256,
		entry: findEncoder('descriptors') ?? null,
	});
	const kept = path.join(store, 'encoders', 'kept', `${sha256}.safetensors`);
	const bytes = await readFile(kept);
	bytes[bytes.length - 1] ^= 1;
	await rm(kept);
	await writeFile(kept, bytes);
	await expect(findModelEncoder(store, cardOf('descriptors', sha256))).rejects.toMatchObject({
		code: 'HASH_MISMATCH',
	});
});

async function currentCard(): Promise<ModelCard> {
	const { sha256 } = await resolveEncoder('descriptors', { cacheDir: store });
	return cardOf('descriptors', sha256);
}
