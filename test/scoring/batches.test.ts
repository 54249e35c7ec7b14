import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { refitCalibration } from '../../src/calibration/refit';
import { scanDataset } from '../../src/dataset/scan';
import { Encoder, readEncoder } from '../../src/encoding/encoder';
import { evaluateModel } from '../../src/evaluation/evaluate';
import type { EvaluateResult } from '../../src/evaluation/request';
import type { RgbImage } from '../../src/imaging/image';
import { initialParameters, parameterSpecs } from '../../src/model/parameters';
import { createRandom } from '../../src/random';
import type { DeviceName } from '../../src/runtime/device';
import { Session } from '../../src/runtime/session';
import type { ImageScore, ScoreRequest } from '../../src/scoring/request';
import { scoreImages } from '../../src/scoring/score';
import { Scorer } from '../../src/scoring/scorer';
import { resolveConfig } from '../../src/training/config';
import { trainModel } from '../../src/training/train';
import { resolveEncoder } from '../../src/weights/resolveEncoder';
import { drawTinyDataset } from '../support/tinyDataset';
import { relativeError } from '../support/run';
import { writeTinyEncoder } from '../support/tinyEncoder';
import { describeWebGpu } from '../support/webgpu';

// A graphics card in software shares the cores with the other tests.
jest.setTimeout(240_000);

/** Between sums in another order. */
const TOLERANCE = 1e-5;
/** Between devices. */
const DEVICE_TOLERANCE = 1e-4;

let root: string;
let encoderFile: string;

beforeAll(async () => {
	root = mkdtempSync(path.join(tmpdir(), 'dinomaly-batches-'));
	encoderFile = path.join(root, 'encoder.safetensors');
	await writeTinyEncoder(encoderFile);
});

afterAll(() => {
	rmSync(root, { recursive: true, force: true });
});

function picture(seed: number): RgbImage {
	const random = createRandom(seed);
	const [width, height, channels] = [80, 60, 3] as const;
	return {
		width,
		channels,
		height,
		data: Uint8Array.from({ length: channels * width * height }, () => 256 * random.next()),
	};
}

test.each(['a transformer', 'descriptors'])(
	'%s and a decoder say of each of four images at once what they say of it alone',
	async (kind) => {
		const name = kind === 'descriptors' ? kind : encoderFile;
		const file = await readEncoder(await resolveEncoder(name, { cacheDir: root }));
		const config = resolveConfig('fast', file.dims.patch, { imageSize: 64, cropSize: 64 });
		const session = { device: 'cpu', threads: 1 } as const;
		const specs = parameterSpecs(config, file.dims);
		const initial = initialParameters(specs, createRandom(1));
		const parameters = new Map(
			specs.map((spec) => [spec.name, { data: initial.get(spec.name)!, shape: spec.shape }]),
		);
		const encoder = await Encoder.load(file, config, session);
		const scorer = await Scorer.load(config, file.dims, parameters, session);
		const pixels = [1, 2, 3, 4].map((seed) => encoder.pixels(picture(seed)));
		const together = await encoder.seeAll(pixels);
		const scores = await scorer.scoreAll(together.features, 4);
		const width = together.sums.length / 4;
		for (const [i, one] of pixels.entries()) {
			const alone = await encoder.seeAll([one]);
			const [{ score, map, distances }] = await scorer.scoreAll(alone.features, 1);
			expect(
				relativeError(together.sums.subarray(i * width, (i + 1) * width), alone.sums),
			).toBeLessThan(TOLERANCE);
			expect(relativeError(scores[i].map, map)).toBeLessThan(TOLERANCE);
			expect(relativeError(scores[i].distances, distances)).toBeLessThan(TOLERANCE);
			expect(Math.abs(scores[i].score / score - 1)).toBeLessThan(TOLERANCE);
		}
		expect(new Set(scores.map(({ score }) => score)).size).toBe(4);
		await encoder.release();
		await scorer.release();
	},
);

describeWebGpu('over WebGPU, callers who come at once are computed together', () => {
	const context = { signal: new AbortController().signal, onProgress: () => undefined };
	let store: string;
	let data: string;
	let files: string[];

	beforeAll(async () => {
		store = path.join(root, 'store');
		data = path.join(root, 'data');
		await drawTinyDataset(data);
		const train = async (model: string, tiles?: { sidePx: number; overlap: number }): Promise<void> => {
			await trainModel(
				{
					store,
					data,
					model,
					encoder: encoderFile,
					overrides: { imageSize: 64, cropSize: 64, batchSize: 4, iterations: 2, warmup: 0 },
					device: 'cpu',
					threads: 1,
					...(tiles && { tiles }),
				},
				context,
			);
		};
		await train('whole');
		await train('tiled', { sidePx: 24, overlap: 0.25 });
		const { categories } = await scanDataset(data);
		files = categories.flatMap(({ test }) => test.slice(1, 5).map((entry) => entry.path));
	});

	/** Images of each run of an encoder or decoder, while something is done. */
	async function runsDuring(work: () => Promise<unknown>): Promise<number[]> {
		const spied = jest.spyOn(Session.prototype, 'runKeeping');
		try {
			await work();
			return spied.mock.calls.map(([{ image }]) => ('shape' in image ? image.shape[0] : NaN));
		} finally {
			spied.mockRestore();
		}
	}

	/** How many come together depends on how fast images are decoded beside everything else: some do, if not at the first try. */
	async function expectBatches(work: () => Promise<unknown>): Promise<void> {
		let largest = 1;
		for (let tries = 0; tries < 5 && largest === 1; tries++)
			largest = Math.max(...(await runsDuring(work)));
		expect(largest).toBeGreaterThan(1);
	}

	async function score(
		device: DeviceName,
		images: readonly string[],
		more: Partial<ScoreRequest> = {},
	): Promise<ImageScore[]> {
		const outcomes = await scoreImages(
			{
				store,
				model: 'whole',
				images: images.map((file) => ({ file })),
				outputs: { rawMap: true },
				device,
				requireDevice: true,
				threads: 1,
				...more,
			},
			{ signal: context.signal, onOutcome: () => undefined },
		);
		return outcomes.map((outcome) => {
			if ('error' in outcome) throw new Error(outcome.error.message);
			return outcome;
		});
	}

	function expectSame(found: readonly ImageScore[], expected: readonly ImageScore[]): void {
		expect(found.map(({ file, verdict }) => [file, verdict])).toEqual(
			expected.map(({ file, verdict }) => [file, verdict]),
		);
		for (const [i, { score: value, rawMap }] of found.entries()) {
			expect(Math.abs(value / expected[i].score - 1)).toBeLessThan(DEVICE_TOLERANCE);
			expect(relativeError(rawMap!, expected[i].rawMap!)).toBeLessThan(DEVICE_TOLERANCE);
		}
	}

	test('images of one call', async () => {
		let found: ImageScore[] = [];
		await expectBatches(async () => (found = await score('webgpu', files)));
		expect(found.every(({ device }) => device === 'webgpu')).toBe(true);
		expectSame(found, await score('cpu', files));
	});

	test('calls of one image each, with what each asks for', async () => {
		let found: ImageScore[] = [];
		await expectBatches(async () => {
			found = (await Promise.all(files.map((file) => score('webgpu', [file])))).flat();
		});
		expectSame(found, await score('cpu', files));
		const few = files.slice(0, 3);
		const alone = { batching: { size: 1, waitMs: 0 } };
		expect(
			await runsDuring(() => Promise.all(few.map((file) => score('webgpu', [file], alone)))),
		).toEqual([1, 1, 1]);
	});

	test('tiles of one image', async () => {
		let found: ImageScore[] = [];
		const tiled = { model: 'tiled' };
		await expectBatches(async () => (found = await score('webgpu', files.slice(0, 1), tiled)));
		expectSame(found, await score('cpu', files.slice(0, 1), tiled));
	});

	test('images of an evaluation and of a calibration, to the same figures', async () => {
		const evaluate = (device: DeviceName) =>
			evaluateModel({ store, data, model: 'whole', device, requireDevice: true, threads: 1 }, context);
		let gpu: EvaluateResult | undefined;
		await expectBatches(async () => (gpu = await evaluate('webgpu')));
		const cpu = await evaluate('cpu');
		expect(gpu!.mean.imageAuroc).toBeCloseTo(cpu.mean.imageAuroc!, 3);
		expect(gpu!.mean.aupro).toBeCloseTo(cpu.mean.aupro!, 3);
		expect(gpu!.images.map(({ file }) => file)).toEqual(cpu.images.map(({ file }) => file));

		const refit = (device: DeviceName) =>
			refitCalibration(
				{
					store,
					model: 'whole',
					source: { kind: 'images', data },
					device,
					requireDevice: true,
					threads: 1,
				},
				context,
			);
		const fitted = [await refit('webgpu'), await refit('cpu')];
		const values = fitted.map(({ limits }) => limits.map(({ threshold }) => threshold));
		expect(values[0].length).toBeGreaterThan(0);
		for (const [i, value] of values[0].entries())
			expect(Math.abs(value / values[1][i] - 1)).toBeLessThan(DEVICE_TOLERANCE);
	});
});
