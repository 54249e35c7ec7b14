import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { evaluateModel } from '../../src/evaluation/evaluate';
import { preprocess } from '../../src/imaging/preprocess';
import { decodeImage } from '../../src/runtime/images';
import { Session } from '../../src/runtime/session';
import { exportModel } from '../../src/export/exportModel';
import { scoreImages } from '../../src/scoring/score';
import type { ScoreOutcome } from '../../src/scoring/request';
import type { TrainProgress, TrainRequest, TrainResult } from '../../src/training/request';
import { trainModel } from '../../src/training/train';
import { drawTinyDataset } from '../support/tinyDataset';
import { writeTinyEncoder } from '../support/tinyEncoder';

const TINY = { imageSize: 40, cropSize: 32, batchSize: 4, warmup: 4 };
const ITERATIONS = 14;

let root: string;
let data: string;
let encoder: string;

beforeAll(async () => {
	root = mkdtempSync(path.join(tmpdir(), 'dinomaly-train-'));
	data = path.join(root, 'data');
	await drawTinyDataset(data);
	encoder = path.join(root, 'encoder.safetensors');
	await writeTinyEncoder(encoder);
});

afterAll(() => {
	rmSync(root, { recursive: true, force: true });
});

function request(name: string, more: Partial<TrainRequest> = {}): TrainRequest {
	return {
		store: path.join(root, name),
		data,
		model: 'tiny',
		encoder,
		overrides: { ...TINY, iterations: ITERATIONS },
		seed: 3,
		calibrationShare: 0.25,
		device: 'cpu',
		threads: 2,
		...more,
	};
}

async function train(
	asked: TrainRequest,
	onProgress: (progress: TrainProgress) => void = () => undefined,
	signal = new AbortController().signal,
): Promise<TrainResult> {
	return trainModel(asked, { signal, onProgress });
}

function weightsOf(result: TrainResult): string {
	return createHash('sha256')
		.update(readFileSync(path.join(result.models[0].path, 'decoder.safetensors')))
		.digest('hex');
}

function ignore(): void {
	// Nothing to see.
}

describe('training', () => {
	let first: TrainResult;

	beforeAll(async () => {
		first = await train(request('first'));
	});

	test('one model serves all categories of the folder and keeps some good images for calibration', () => {
		const [model] = first.models;
		expect(model).toMatchObject({
			model: 'tiny',
			version: '1',
			categories: ['bolt', 'nut'],
			iterations: ITERATIONS,
			trainImages: 12,
			calibrationImages: 4,
			device: 'cpu',
		});
		expect(model.finalLoss).toBeGreaterThan(0);
		expect(model.finalLoss).toBeLessThan(1.2);
	});

	test('the encoder of the package works offline, and every result made with it says so', async () => {
		const result = await train(
			request('offline', { encoder: undefined, overrides: { ...TINY, iterations: 2, warmup: 0 } }),
		);
		expect(result.models[0].encoder).toBe('descriptors');
		expect(result.models[0].notices.join(' ')).toMatch(/Encoder of the package/);
	});

	test('the same seed gives the same weights bit for bit, another seed does not', async () => {
		const again = await train(request('again'));
		const other = await train(request('other', { seed: 4 }));
		expect(weightsOf(again)).toBe(weightsOf(first));
		expect(weightsOf(other)).not.toBe(weightsOf(first));
	});

	test('a second training on the same images takes its features from the cache and gives the same weights', async () => {
		const { cacheDir } = { cacheDir: path.join(root, 'cache') };
		const cold = await train(request('cold', { cacheDir }));
		const warm = await train(request('warm', { cacheDir }));
		expect(weightsOf(cold)).toBe(weightsOf(first));
		expect(weightsOf(warm)).toBe(weightsOf(first));
	});

	test('features that fit nowhere are computed again at every use', async () => {
		const result = await train(request('uncached', { cacheLimitBytes: 0 }));
		expect(weightsOf(result)).toBe(weightsOf(first));
	});

	test('a training killed by SIGKILL and resumed gives the weights of an uninterrupted one', async () => {
		const asked = request('killed', { checkpointEvery: 4 });
		const child = startTraining(asked);
		await reached(child, 9);
		child.kill('SIGKILL');
		await ended(child);
		const notices: string[] = [];
		const resumed = await train(
			{ ...asked, resume: true },
			({ notice }) => notice !== undefined && notices.push(notice),
		);
		expect(notices.join(' ')).toMatch(/Resumed at iteration (8|12) of 14/);
		expect(weightsOf(resumed)).toBe(weightsOf(first));
	});

	test('a cancelled training keeps a checkpoint that a resumed one goes on from', async () => {
		const controller = new AbortController();
		const asked = request('cancelled', { checkpointEvery: 1000 });
		const cancelled = train(
			asked,
			({ phase, done }) => {
				if (phase === 'training' && done === 6) controller.abort();
			},
			controller.signal,
		);
		await expect(cancelled).rejects.toMatchObject({
			code: 'CANCELLED',
			message: expect.stringContaining('iteration 6 of 14'),
		});
		const resumed = await train({ ...asked, resume: true });
		expect(weightsOf(resumed)).toBe(weightsOf(first));
	});

	test('resuming with other settings is refused, naming the setting', async () => {
		const controller = new AbortController();
		const asked = request('changed');
		await train(
			asked,
			({ phase, done }) => {
				if (phase === 'training' && done === 3) controller.abort();
			},
			controller.signal,
		).catch(ignore);
		const changed = { ...asked, resume: true, overrides: { ...asked.overrides, learningRate: 0.001 } };
		await expect(train(changed)).rejects.toMatchObject({
			code: 'CONFIG_INVALID',
			message: expect.stringContaining('learningRate'),
		});
	});

	test('a damaged image is named and skipped, or ends the training when asked', async () => {
		const damaged = path.join(root, 'damaged');
		await drawTinyDataset(damaged, ['bolt']);
		const bad = path.join(damaged, 'bolt', 'train', 'good', 'note.png');
		writeFileSync(bad, 'not an image at all');
		const result = await train(request('skip', { data: damaged }));
		expect(result.models[0].skipped).toEqual([
			{ file: bad, reason: expect.stringMatching(/found text in .*note\.png/) },
		]);
		const card = readFileSync(path.join(result.models[0].path, 'model.json'), 'utf8');
		const { categories } = JSON.parse(card) as { categories: Record<string, number>[] };
		expect(categories).toHaveLength(1);
		expect(categories[0].trainImages + categories[0].calibrationImages).toBe(8);
		await expect(train(request('fail', { data: damaged, onCorrupt: 'fail' }))).rejects.toMatchObject({
			code: 'IMAGE_UNREADABLE',
		});
	});

	test("fewer images than the preset's batch shrink it, which is said", async () => {
		const overrides = { imageSize: 40, cropSize: 32, iterations: 2, warmup: 0 };
		const [model] = (await train(request('few', { overrides }))).models;
		expect(model.notices).toContain('Only 12 training images: batches hold 12 instead of 16');
	});

	test('one model per category is named after it', async () => {
		const result = await train(
			request('separate', { separate: true, overrides: { ...TINY, iterations: 2, warmup: 0 } }),
		);
		expect(result.models.map(({ model, categories }) => [model, categories])).toEqual([
			['tiny-bolt', ['bolt']],
			['tiny-nut', ['nut']],
		]);
	});

	test('an empty folder is refused in one sentence', async () => {
		const empty = mkdtempSync(path.join(root, 'empty-'));
		await expect(train(request('none', { data: empty }))).rejects.toMatchObject({
			name: 'DinomalyError',
			code: expect.stringMatching(/DATASET_/),
		});
	});

	test('a crop that the patch does not divide is refused with the sizes that work', async () => {
		const asked = request('crop', { overrides: { ...TINY, cropSize: 30, iterations: 2 } });
		await expect(train(asked)).rejects.toMatchObject({
			code: 'CONFIG_INVALID',
			message: expect.stringContaining('cropSize'),
		});
	});

	test('a crop larger than the image is refused: it would be filled up with black', async () => {
		const asked = request('large', { overrides: { ...TINY, cropSize: 48, iterations: 2 } });
		await expect(train(asked)).rejects.toMatchObject({
			code: 'CONFIG_INVALID',
			message: 'Expected cropSize to be at most imageSize, 40, found 48',
		});
	});

	describe('the published model', () => {
		const context = { signal: new AbortController().signal, onProgress: ignore, onOutcome: ignore };
		const store = (): string => request('first').store;

		test('scores images with a p-value, a verdict and regions in original pixels, and a broken one does not stop the others', async () => {
			const good = path.join(data, 'bolt', 'test', 'good', '0.png');
			const defect = path.join(data, 'bolt', 'test', 'square', '0.png');
			const outcomes = await scoreImages(
				{
					store: store(),
					model: 'tiny',
					category: 'bolt',
					images: [
						{ file: good },
						{ name: 'broken', bytes: Buffer.from('no image') },
						{ name: 'defect', bytes: readFileSync(defect) },
					],
					outputs: { heatmap: true, mask: true, rawMap: true },
					device: 'cpu',
					threads: 2,
				},
				context,
			);
			expect(outcomes).toHaveLength(3);
			expect(outcomes[1]).toMatchObject({ file: 'broken', error: { code: 'IMAGE_UNREADABLE' } });
			for (const outcome of [outcomes[0], outcomes[2]]) {
				const score = scored(outcome);
				expect(score.pValue).toBeGreaterThan(0);
				expect(score.pValue).toBeLessThanOrEqual(1);
				expect(['normal', 'anomaly']).toContain(score.verdict);
				expect(score.rawMap).toHaveLength(256 * 256);
				expect([score.width, score.height]).toEqual([40, 40]);
				expect(score.heatmapPng?.subarray(1, 4)).toEqual(Uint8Array.from(Buffer.from('PNG')));
				for (const { box } of score.regions) {
					expect(box[0] + box[2]).toBeLessThanOrEqual(40);
					expect(box[1] + box[3]).toBeLessThanOrEqual(40);
				}
			}
		});

		test('scores the same image alike from a file and from bytes', async () => {
			const file = path.join(data, 'nut', 'test', 'square', '1.png');
			const [a, b] = await scoreImages(
				{
					store: store(),
					model: 'tiny',
					images: [{ file }, { name: 'b', bytes: readFileSync(file) }],
				},
				context,
			);
			expect(scored(a).score).toBe(scored(b).score);
		});

		test('refuses a category that it was not trained on, naming those that it knows', async () => {
			const asked = scoreImages(
				{ store: store(), model: 'tiny', category: 'screw', images: [] },
				context,
			);
			await expect(asked).rejects.toMatchObject({
				code: 'CATEGORY_UNKNOWN',
				hint: expect.stringContaining('bolt, nut'),
			});
		});

		test('is evaluated per category and in the mean', async () => {
			const result = await evaluateModel({ store: store(), model: 'tiny', data }, context);
			expect(result.categories.map(({ category, images }) => [category, images])).toEqual([
				['bolt', { good: 3, anomalous: 3, withMask: 3 }],
				['nut', { good: 3, anomalous: 3, withMask: 3 }],
			]);
			for (const metric of [
				'imageAuroc',
				'imageAp',
				'imageF1Max',
				'pixelAuroc',
				'pixelAp',
				'pixelF1Max',
				'aupro',
				'auproOfficial',
			] as const) {
				const [bolt, nut] = result.categories.map((category) => category[metric]);
				expect(bolt).toBeGreaterThanOrEqual(0);
				expect(bolt).toBeLessThanOrEqual(1);
				expect(result.mean[metric]).toBeCloseTo(((bolt ?? NaN) + (nut ?? NaN)) / 2, 12);
			}
		});

		test('is exported as one ONNX file that gives the same score', async () => {
			const onnxPath = path.join(root, 'tiny.onnx');
			const { bytes } = await exportModel({ store: store(), model: 'tiny', onnxPath }, context);
			expect(readFileSync(onnxPath)).toHaveLength(bytes);
			const file = path.join(data, 'bolt', 'test', 'square', '0.png');
			const pixels = preprocess(await decodeImage(file), TINY);
			const session = await Session.create(onnxPath, { device: 'cpu' });
			const { score } = await session.run(
				{ image: { dtype: 'float32', shape: [1, 3, 32, 32], data: pixels } },
				{ score: null },
			);
			await session.release();
			const [own] = await scoreImages({ store: store(), model: 'tiny', images: [{ file }] }, context);
			expect(Number(score.data[0])).toBeCloseTo(scored(own).score, 6);
		});
	});
});

function scored(outcome: ScoreOutcome): Extract<ScoreOutcome, { score: number }> {
	if ('error' in outcome) throw new Error(outcome.error.message);
	return outcome;
}

/** Trains in a process of its own, from the compiled code. */
function startTraining(asked: TrainRequest): ChildProcess {
	const module = path.resolve(__dirname, '../../dist/src/training/train.js');
	const code = `require(${JSON.stringify(module)}).trainModel(${JSON.stringify(asked)}, { signal: new AbortController().signal, onProgress: (p) => process.send({ phase: p.phase, done: p.done }) })`;
	return spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
}

function reached(child: ChildProcess, iteration: number): Promise<void> {
	return new Promise((resolve, reject) => {
		child.on('message', (message) => {
			const { phase, done } = message as { phase: string; done: number };
			if (phase === 'training' && done >= iteration) resolve();
		});
		child.on('exit', (code) => {
			reject(new Error(`The training ended by itself with ${String(code)}`));
		});
	});
}

function ended(child: ChildProcess): Promise<void> {
	return new Promise((resolve) => {
		if (child.exitCode !== null || child.signalCode !== null) resolve();
		else
			child.on('exit', () => {
				resolve();
			});
	});
}
