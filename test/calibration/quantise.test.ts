import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DinomalyError } from '../../src/errors';
import { quantiseModel } from '../../src/calibration/quantise';
import { refitCalibration } from '../../src/calibration/refit';
import type { QuantiseRequest } from '../../src/calibration/request';
import { multipliesExactly } from '../../src/runtime/precision';
import { scoreImages } from '../../src/scoring/score';
import type { ImageScore, ScoreRequest } from '../../src/scoring/request';
import { FolderStore } from '../../src/store/folderStore';
import { PRECISION_FILES, readCheck } from '../../src/store/precisionCheck';
import { trainModel } from '../../src/training/train';
import { describeInt8, hasInt8Instructions } from '../support/int8';
import { drawTinyDataset } from '../support/tinyDataset';
import { writeTinyEncoder } from '../support/tinyEncoder';
import { describeWebGpu } from '../support/webgpu';

let root: string;
let store: string;
let data: string;
const context = { signal: new AbortController().signal, onProgress: () => undefined };

beforeAll(async () => {
	root = mkdtempSync(path.join(tmpdir(), 'dinomaly-int8-'));
	store = path.join(root, 'store');
	data = path.join(root, 'data');
	await drawTinyDataset(data, ['bolt', 'nut'], 16);
	const encoder = path.join(root, 'encoder.safetensors');
	await writeTinyEncoder(encoder);
	const training = {
		store,
		data,
		encoder,
		overrides: { imageSize: 40, cropSize: 32, batchSize: 4, iterations: 3, warmup: 0 },
		device: 'cpu',
		threads: 1,
	} as const;
	await trainModel({ ...training, model: 'tiny', calibrationShare: 0.4 }, context);
	await trainModel({ ...training, model: 'uncalibrated', calibrationShare: 0 }, context);
});

afterAll(() => {
	rmSync(root, { recursive: true, force: true });
});

/** How much faster a model of a few thousand weights is says nothing, and must not decide here. */
function quantise(more: Partial<QuantiseRequest> = {}): ReturnType<typeof quantiseModel> {
	return quantiseModel({ store, model: 'tiny@1', data, minSpeedup: 0, threads: 1, ...more }, context);
}

async function scoresOf(model: string, more: Partial<ScoreRequest> = {}): Promise<ImageScore[]> {
	const folder = path.join(data, 'bolt', 'test', 'square');
	const images = readdirSync(folder).map((name) => ({ file: path.join(folder, name) }));
	return (await scoreImages(
		{ store, model, images, category: 'bolt', device: 'cpu', threads: 1, ...more },
		{ signal: context.signal, onOutcome: () => undefined },
	)) as ImageScore[];
}

test('a processor with instructions for it adds 8-bit products exactly', async () => {
	const expected = hasInt8Instructions();
	const found = await multipliesExactly();
	if (expected === true) expect(found).toBe(true);
	else expect(typeof found).toBe('boolean');
});

describeInt8('int8', () => {
	/** A version that was compared. */
	let ref: string;
	beforeAll(async () => {
		ref = `tiny@${(await quantise()).version}`;
	});

	test('a comparison with the same verdicts makes a version that scores in int8 by the same thresholds', async () => {
		const seen: number[] = [];
		const result = await quantiseModel(
			{ store, model: 'tiny@1', data, minSpeedup: 0, threads: 1 },
			{ ...context, onProgress: (done) => seen.push(done) },
		);
		expect(seen).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
		expect(result).toMatchObject({ model: 'tiny', parentVersion: '1', skipped: [] });
		expect(result.check).toMatchObject({ source: 'data', normal: 6, anomalous: 6 });
		expect(result.check.rankCorrelation).toBeGreaterThan(0.9);
		const models = new FolderStore(store);
		const [before, after] = [await models.open('tiny@1'), await models.open(`tiny@${result.version}`)];
		expect(after.calibration).toEqual(before.calibration);
		expect(after.card.parent).toEqual({ name: 'tiny', version: '1' });
		expect(await readCheck(after.path, after.card, 'int8')).toEqual(result.check);

		const made = `tiny@${result.version}`;
		const full = await scoresOf(made);
		const int8 = await scoresOf(made, { precision: 'int8', device: 'auto' });
		expect(full).toMatchObject([{ precision: 'float32' }, {}, {}]);
		expect(int8).toMatchObject([{ precision: 'int8', device: 'cpu' }, {}, {}]);
		for (const [i, { score, threshold, verdict }] of int8.entries()) {
			expect(score).not.toBe(full[i].score);
			expect(Math.abs(score - full[i].score) / full[i].score).toBeLessThanOrEqual(
				result.check.largestChange + 1e-9,
			);
			expect({ threshold, verdict }).toEqual({
				threshold: full[i].threshold,
				verdict: full[i].verdict,
			});
		}
	});

	test('a verdict that changes is refused, and nothing is published', async () => {
		const [full, int8] = [await scoresOf(ref), await scoresOf(ref, { precision: 'int8' })];
		const threshold = (full[0].score + int8[0].score) / 2;
		const strict = await refitCalibration(
			{ store, model: ref, policy: { strategy: { kind: 'manual', threshold } }, threads: 1 },
			context,
		);
		const models = new FolderStore(store);
		const versions = (await models.versions('tiny')).length;
		await expect(quantise({ model: `tiny@${strict.version}` })).rejects.toMatchObject({
			code: 'PRECISION_UNAVAILABLE',
			message: expect.stringMatching(
				/Expected the verdicts of "tiny@\d+" in int8 to be those in float32 on all 12 images, found \d+ that change: .*square\/0\.png from (anomaly to normal|normal to anomaly)/,
			) as string,
		});
		expect(await models.versions('tiny')).toHaveLength(versions);
	});

	test('other thresholds need another comparison', async () => {
		const refitted = await refitCalibration(
			{
				store,
				model: ref,
				policy: { strategy: { kind: 'falseAlarmRate', rate: 0.2 } },
				threads: 1,
			},
			context,
		);
		const { card } = await new FolderStore(store).open(`tiny@${refitted.version}`);
		expect(Object.keys(card.files)).not.toContain(PRECISION_FILES.int8);
		await expect(scoresOf(`tiny@${refitted.version}`, { precision: 'int8' })).rejects.toMatchObject({
			code: 'PRECISION_UNAVAILABLE',
		});
	});

	test.each<[string, Partial<QuantiseRequest>, string, RegExp]>([
		['no gain', { minSpeedup: 1000 }, 'PRECISION_UNAVAILABLE', /at least 1000 times as fast.*found \d/],
		['no thresholds', { model: 'uncalibrated' }, 'CALIBRATION_SHORT', /found no calibration$/],
		['few images', { categories: ['nut'] }, 'CALIBRATION_SHORT', /at least 10 images.*found 6$/],
	])('%s is refused', async (_, more, code, message) => {
		await expect(quantise(more)).rejects.toMatchObject({
			code,
			message: expect.stringMatching(message) as string,
		});
	});

	test('int8 is refused on other devices than the processor', async () => {
		await expect(scoresOf(ref, { precision: 'int8', device: 'webgpu' })).rejects.toMatchObject({
			code: 'CONFIG_INVALID',
		});
	});
});

test('a version that was not compared does not score in int8', async () => {
	await expect(scoresOf('tiny@1', { precision: 'int8' })).rejects.toMatchObject({
		code: 'PRECISION_UNAVAILABLE',
		hint: expect.stringContaining('dinomaly models quantize tiny@1 --data DIR') as string,
	});
});

/** On the CPU it is slower, and the same numbers: it shows all but the gain. */
describe('float16', () => {
	const half = (more: Partial<QuantiseRequest> = {}): ReturnType<typeof quantiseModel> =>
		quantise({ precision: 'float16', device: 'cpu', ...more });
	let ref: string;
	beforeAll(async () => {
		ref = `tiny@${(await half()).version}`;
	});

	test('a comparison makes a version that scores in float16, there where it was compared', async () => {
		const models = new FolderStore(store);
		const { path: folder, card } = await models.open(ref);
		const check = await readCheck(folder, card, 'float16');
		expect(check).toMatchObject({ precision: 'float16', device: 'cpu', normal: 6, anomalous: 6 });
		expect(check!.rankCorrelation).toBeGreaterThan(0.9);
		expect(await readCheck(folder, card, 'int8')).toBeUndefined();
		const full = await scoresOf(ref);
		const found = await scoresOf(ref, { precision: 'float16', device: 'auto' });
		expect(found).toMatchObject([{ precision: 'float16', device: 'cpu' }, {}, {}]);
		for (const [i, { score, threshold, verdict }] of found.entries()) {
			expect(score).not.toBe(full[i].score);
			expect(Math.abs(score / full[i].score - 1)).toBeLessThanOrEqual(check!.largestChange + 1e-9);
			expect({ threshold, verdict }).toEqual({
				threshold: full[i].threshold,
				verdict: full[i].verdict,
			});
		}
		await expect(scoresOf(ref, { precision: 'float16', device: 'cuda' })).rejects.toMatchObject({
			code: 'PRECISION_UNAVAILABLE',
			message: `Expected "${ref}" to score in float16 on cpu, where it was compared with float32, found cuda asked for`,
		});
	});

	test('a comparison in one precision says nothing about another', async () => {
		await expect(scoresOf('tiny@1', { precision: 'float16' })).rejects.toMatchObject({
			code: 'PRECISION_UNAVAILABLE',
			hint: expect.stringContaining('models quantize tiny@1 --data DIR --precision float16') as string,
		});
		await expect(scoresOf(ref, { precision: 'int8' })).rejects.toMatchObject({
			code: 'PRECISION_UNAVAILABLE',
		});
	});

	test('no gain is refused, with the device', async () => {
		await expect(half({ minSpeedup: 1000 })).rejects.toMatchObject({
			message: expect.stringMatching(
				/^Expected float16 to be at least 1000 times as fast as float32 on this machine \(cpu\), found/,
			) as string,
		});
	});

	test('other thresholds need another comparison', async () => {
		const policy = { strategy: { kind: 'falseAlarmRate', rate: 0.2 } } as const;
		const { version } = await refitCalibration({ store, model: ref, policy, threads: 1 }, context);
		const { card } = await new FolderStore(store).open(`tiny@${version}`);
		expect(Object.keys(card.files)).not.toContain(PRECISION_FILES.float16);
	});

	test('a device that is not there is refused, and is not replaced by the CPU', async () => {
		await expect(half({ device: 'tensorrt' })).rejects.toMatchObject({ code: 'DEVICE_UNAVAILABLE' });
	});
});

describeWebGpu('float16 over WebGPU', () => {
	test('there it gives what it gives on the CPU, or a device without it says so in a sentence', async () => {
		const request = { precision: 'float16', device: 'webgpu' } as const;
		const outcome = await quantise(request).catch((error: unknown) => error);
		if (outcome instanceof DinomalyError)
			expect(outcome).toMatchObject({
				code: 'PRECISION_UNAVAILABLE',
				message: 'Expected a device that computes in float16, found that webgpu does not here',
			});
		else expect(outcome).toMatchObject({ check: { device: 'webgpu', precision: 'float16' } });
	});
});
