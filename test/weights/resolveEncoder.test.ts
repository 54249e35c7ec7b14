import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { findEncoder } from '../../src/weights/catalogue';
import { canonicalShapes, type EncoderArchitecture } from '../../src/weights/encoderArchitecture';
import { openEncoder } from '../../src/weights/encoderWeights';
import { packageRoot } from '../../src/weights/packageRoot';
import { cachedEncoderPath, resolveEncoder } from '../../src/weights/resolveEncoder';
import { readSafetensors, writeSafetensors } from '../../src/weights/safetensors';
import { HubServer, serveFile } from './hubServer';

const DEIT = findEncoder('deit-tiny')!;

let hub: HubServer;
let folder: string;
let cacheDir: string;
let cached: string;
beforeEach(async () => {
	hub = await HubServer.start();
	folder = await mkdtemp(join(tmpdir(), 'encoders-'));
	cacheDir = join(folder, 'cache');
	cached = join(cacheDir, 'deit-tiny', 'model.safetensors');
});
afterEach(async () => {
	await hub.stop();
	await rm(folder, { recursive: true });
});

/** An encoder of that architecture whose values are all 0. */
async function writeEncoder(path: string, architecture: EncoderArchitecture): Promise<void> {
	await mkdir(dirname(path), { recursive: true });
	const tensors = [...canonicalShapes(architecture)].map(([name, shape]) => ({
		name,
		dtype: 'F16' as const,
		shape,
		data: new Uint16Array(shape.reduce((a, b) => a * b, 1)),
	}));
	await writeSafetensors(path, tensors);
}

async function sha256Of(path: string): Promise<string> {
	return createHash('sha256')
		.update(await readFile(path))
		.digest('hex');
}

const resolveIt = (name: string | undefined) =>
	resolveEncoder(name, { cacheDir, hub: { endpoint: hub.endpoint } });

describe('the encoders of the package', () => {
	test.each([
		[undefined, 'descriptors', 'by a fixed rule'],
		['', 'descriptors', 'by a fixed rule'],
		['descriptors', 'descriptors', 'by a fixed rule'],
		['embedded', 'embedded', 'pretrained on drawn images'],
	])('%p means %p, and says what it is', async (wanted, name, notice) => {
		const resolved = await resolveIt(wanted);
		expect(resolved).toMatchObject({
			name,
			entry: { name },
			notice: expect.stringContaining(notice),
		});
		expect(resolved.sha256).toBe(await sha256Of(resolved.path));
		expect(hub.exchanges).toEqual([]);
	});

	test.each(['descriptors', 'embedded'])('%s holds what the catalogue says, all finite', async (name) => {
		const { path, entry } = await resolveIt(name);
		const weights = openEncoder(await readSafetensors(path));
		expect(weights.architecture).toEqual(entry?.architecture);
		for (const name of weights.names) expect(weights.get(name).every(Number.isFinite)).toBe(true);
	});
});

describe('catalogue encoders', () => {
	let original: string;
	beforeEach(async () => {
		original = join(folder, 'original.safetensors');
		await writeEncoder(original, DEIT.architecture);
	});

	test('are downloaded once, pinned, and found in the cache afterwards', async () => {
		hub.answer = serveFile(await readFile(original));
		const progress: number[] = [];
		const first = await resolveEncoder('deit-tiny', {
			cacheDir,
			hub: { endpoint: hub.endpoint },
			onProgress: (done) => progress.push(done),
		});
		expect(first).toEqual({
			name: 'deit-tiny',
			path: cached,
			sha256: await sha256Of(original),
			entry: DEIT,
		});
		expect(cachedEncoderPath(cacheDir, DEIT)).toBe(cached);
		expect(progress.length).toBeGreaterThan(0);
		const pins = JSON.parse(await readFile(join(dirname(cached), 'pins.json'), 'utf8'));
		expect(pins).toEqual({
			'model.safetensors': {
				sha256: first.sha256,
				bytes: (await readFile(original)).length,
				from: 'timm/deit_tiny_patch16_224.fb_in1k/model.safetensors',
				pinned: expect.stringMatching(/^\d{4}-/),
			},
		});
		await hub.stop();
		expect(await resolveIt('deit-tiny')).toEqual(first);
		expect(hub.exchanges.map(({ path }) => path)).toEqual([
			'/timm/deit_tiny_patch16_224.fb_in1k/resolve/main/model.safetensors',
		]);
		hub = await HubServer.start();
	});

	test('placed by hand need no network and are pinned too', async () => {
		await mkdir(dirname(cached), { recursive: true });
		await copyFile(original, cached);
		expect(await resolveIt('deit-tiny')).toMatchObject({ sha256: await sha256Of(original) });
		expect(await readFile(join(dirname(cached), 'pins.json'), 'utf8')).toContain('placed by hand');
		expect(hub.exchanges).toEqual([]);
	});

	test('that changed since they were pinned are refused, in the cache and on the hub', async () => {
		hub.answer = serveFile(await readFile(original));
		await resolveIt('deit-tiny');
		const changed = await readFile(original);
		changed[changed.length - 1] ^= 1;
		await writeFile(cached, changed);
		await utimes(cached, 1, 1);
		await expect(resolveIt('deit-tiny')).rejects.toMatchObject({
			code: 'HASH_MISMATCH',
			message: expect.stringContaining(cached),
			hint: expect.stringContaining('pins.json'),
		});
		await rm(cached);
		hub.answer = serveFile(changed);
		await expect(resolveIt('deit-tiny')).rejects.toMatchObject({ code: 'HASH_MISMATCH' });
		expect(existsSync(cached)).toBe(false);
	});

	test('damaged pins are named', async () => {
		await mkdir(dirname(cached), { recursive: true });
		await copyFile(original, cached);
		for (const text of ['{', '[]', '{"model.safetensors": {"sha256": "x"}}']) {
			await writeFile(join(dirname(cached), 'pins.json'), text);
			await expect(resolveIt('deit-tiny')).rejects.toMatchObject({
				code: 'HASH_MISMATCH',
				message: expect.stringContaining('pins.json'),
			});
		}
	});

	test('of another architecture than their name says are refused and not kept', async () => {
		await writeEncoder(original, { ...DEIT.architecture, depth: 11 });
		hub.answer = serveFile(await readFile(original));
		const expected = {
			code: 'ENCODER_INVALID',
			message: expect.stringMatching(/deit-tiny \(depth 12\).*found another encoder \(depth 11\)/),
		};
		await expect(resolveIt('deit-tiny')).rejects.toMatchObject(expected);
		expect(existsSync(cached)).toBe(false);
		await mkdir(dirname(cached), { recursive: true });
		await copyFile(original, cached);
		await expect(resolveIt('deit-tiny')).rejects.toMatchObject(expected);
	});

	test('a download that is no safetensors file is refused and not kept', async () => {
		hub.answer = serveFile(Buffer.from('version https://git-lfs.github.com/spec/v1'));
		await expect(resolveIt('deit-tiny')).rejects.toMatchObject({ code: 'WEIGHTS_INVALID' });
		expect(existsSync(cached)).toBe(false);
	});

	test('without network say how to place the file and never fall back silently', async () => {
		await hub.stop();
		await expect(resolveIt('deit-tiny')).rejects.toMatchObject({
			code: 'DOWNLOAD_FAILED',
			message: expect.stringMatching(/^Encoder deit-tiny: .*ECONNREFUSED/),
			hint: expect.stringContaining(`place it at ${cached}, or choose the encoder "descriptors"`),
		});
		hub = await HubServer.start();
	});
});

describe('files', () => {
	test('a safetensors file is taken by its path, relative or not', async () => {
		const path = join(folder, 'Mine v1.safetensors');
		await writeEncoder(path, DEIT.architecture);
		const expected = { name: 'Mine v1', path, sha256: await sha256Of(path), entry: null };
		expect(await resolveIt(path)).toEqual(expected);
		expect(await resolveIt(relative(process.cwd(), path))).toEqual(expected);
	});

	test('a file that is no encoder is refused at once', async () => {
		const path = join(folder, 'x.safetensors');
		await writeSafetensors(path, [{ name: 'x', dtype: 'F32', shape: [1], data: Float32Array.of(1) }]);
		await expect(resolveIt(path)).rejects.toMatchObject({ code: 'ENCODER_INVALID' });
	});

	test('pickles, missing files and unknown names each get their own sentence', async () => {
		await expect(resolveIt(join(folder, 'dino.pth'))).rejects.toMatchObject({
			code: 'ENCODER_INVALID',
			hint: expect.stringContaining('can run code'),
		});
		await expect(resolveIt(join(folder, 'x.safetensors'))).rejects.toMatchObject({
			code: 'INPUT_MISSING',
		});
		await expect(resolveIt('dinov9')).rejects.toMatchObject({
			code: 'ENCODER_UNKNOWN',
			hint: expect.stringContaining('dinov2-reg-small'),
		});
	});
});

describe('packageRoot', () => {
	test('is found from the sources and from the compiled code, past foreign packages', async () => {
		await mkdir(join(folder, 'dist', 'src', 'weights'), { recursive: true });
		await writeFile(join(folder, 'package.json'), '{"name": "n8n-nodes-dinomaly"}');
		await writeFile(join(folder, 'dist', 'package.json'), '{"type": "commonjs"}');
		expect(packageRoot(join(folder, 'dist', 'src', 'weights'))).toBe(folder);
		expect(packageRoot()).toBe(resolve(__dirname, '../..'));
	});

	test('a bundle without the package says so', () => {
		expect(() => packageRoot(tmpdir())).toThrow('found no such package');
	});
});
