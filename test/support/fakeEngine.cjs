// An engine process with the real plumbing and jobs that only pretend. What a job does is told by its request: see each one.
require('./typescript.cjs');
const { appendFileSync, existsSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { DinomalyError } = require('../../src/errors.ts');
const { serveEngine } = require('../../src/engine/process.ts');

const block = (ms) => {
	const until = performance.now() + ms;
	while (performance.now() < until);
};
const metrics = (value) =>
	Object.fromEntries(
		[
			'imageAuroc',
			'imageAp',
			'imageF1Max',
			'pixelAuroc',
			'pixelAp',
			'pixelF1Max',
			'aupro',
			'auproOfficial',
		].map((name) => [name, value]),
	);
const started = [];

/**
 * Works in turns of 20 ms or more until it is stopped: counts those from the moment that a file says "stopped" to the one that it hears
 * of it, and writes their number down. On a busy machine turns take longer, so that their number does not grow with the load.
 */
async function countTurns(folder, signal) {
	writeFileSync(join(folder, 'begun'), '');
	for (let turns = 0; ;) {
		if (turns > 0 || existsSync(join(folder, 'stopped'))) turns++;
		await sleep(20);
		if (!signal.aborted) continue;
		writeFileSync(join(folder, 'heard'), String(turns));
		throw signal.reason;
	}
}

serveEngine({
	/** `model` names the behaviour. */
	async train(request, { signal, onProgress }) {
		started.push(request.model);
		const tell = (progress) =>
			onProgress({ model: request.model, phase: 'training', done: 0, total: 1, ...progress });
		switch (request.model) {
			case 'slow':
				for (let done = 0; ; done++) {
					tell({ done, total: 1000, loss: 0.5, imagesPerSecond: 12.5, etaSeconds: 90 });
					await sleep(20);
					if (signal.aborted)
						throw new DinomalyError('CANCELLED', 'Cancelled; a checkpoint was kept', {
							hint: 'Resume it',
						});
				}
			case 'babbling':
				// Lies about where its bytes belong, as no channel does.
				process.send({ piece: Uint8Array.of(1), id: 0, offset: 2 ** 40, length: 2 ** 50 });
				return new Promise(() => undefined);
			case 'senseless':
				process.send({ message: null });
				return new Promise(() => undefined);
			case 'tongue-tied':
				return { models: null };
			case 'gossip':
				tell({ done: 'some' });
				return new Promise(() => undefined);
			case 'abortable':
				tell({});
				await sleep(60_000, undefined, { signal });
				break;
			case 'watchful':
				tell({});
				await countTurns(request.store, signal);
				break;
			case 'deaf':
				tell({});
				await sleep(60_000);
				break;
			case 'blocked':
				tell({});
				await sleep(5); // lets the message out
				block(60_000);
				break;
			case 'ours':
				throw new DinomalyError('DISK_FULL', 'Expected room, found none', {
					hint: 'Free some space',
				});
			case 'foreign':
				throw new TypeError('some inner failure');
			case 'uncaught':
				setImmediate(() => {
					throw new Error('nobody caught this');
				});
				await sleep(60_000);
				break;
			case 'rejected':
				void Promise.reject(new Error('nobody awaited this'));
				await sleep(60_000);
				break;
			case 'suicide':
				console.error('last words before the end');
				await sleep(50);
				process.kill(process.pid, 'SIGKILL');
				await sleep(60_000);
				break;
			case 'exit':
				process.exit(7);
			case 'heap':
				console.error(
					'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
				);
				await sleep(50);
				process.abort();
			case 'flood':
				for (let done = 0; done <= 5000; done++) {
					tell({ done, total: 5000 });
					if (done % 50 === 0) await sleep(0);
				}
				break;
			case 'order':
				await sleep(30);
				break;
			default:
				tell({ phase: 'reading', notice: 'the embedded encoder is used' });
				tell({ done: 1, loss: 0.25 });
		}
		return {
			models: [
				{
					model: request.model,
					version: '1',
					path: '/store/models/it',
					categories: request.categories ?? ['bottle'],
					encoder: 'fake',
					device: 'cpu',
					iterations: 2,
					finalLoss: 0.25,
					trainImages: 4,
					calibrationImages: 1,
					skipped: [],
					seconds: { encoding: 1, training: 2, total: 3 },
					notices: [...started],
					request,
				},
			],
		};
	},

	/**
	 * A name or file that contains "bad" fails, one that contains "huge" answers with many bytes. Of "dies-N" the engine dies the first N
	 * times, which a file in the store counts.
	 */
	async score(request, { signal, onOutcome }) {
		const deaths = /^dies-(\d+)$/.exec(request.model);
		if (deaths !== null) {
			const record = join(request.store, request.model);
			appendFileSync(record, 'x');
			if (readFileSync(record).length <= Number(deaths[1])) process.kill(process.pid, 'SIGKILL');
		}
		if (request.model === 'busy') block(2000);
		if (request.model === 'gentle') await sleep(1000);
		if (request.model === 'held') while (!existsSync(join(request.store, 'released'))) await sleep(20);
		if (request.model === 'watchful') await countTurns(request.store, signal);
		if (request.model === 'missing')
			throw new DinomalyError('MODEL_NOT_FOUND', 'No model "missing"', { hint: 'Train it' });
		if (request.model === 'left' && !request.images[0].file.endsWith('-00.png'))
			throw new DinomalyError('SERVER_UNREACHABLE', 'No server there', { hint: 'Start it' });
		const outcomes = [];
		if (request.model === 'forgetful') return [];
		if (request.model === 'repeating') {
			const outcome = { file: 'a', error: { code: 'IMAGE_UNREADABLE', message: 'a is no image' } };
			for (const index of [0, 0, 7, 1]) onOutcome(outcome, index);
			return [outcome, outcome];
		}
		if (request.model === 'boundless') onOutcome({ file: 'a', score: 'high' }, 0);
		for (const [index, image] of request.images.entries()) {
			if (signal.aborted) throw signal.reason;
			const file = image.file ?? image.name;
			const isUnknown = file.includes('strange') && request.checkDistribution !== false;
			const outcome = file.includes('bad')
				? {
						file,
						error: {
							code: 'IMAGE_UNREADABLE',
							message: `${file} is no image`,
							hint: 'Replace it',
						},
					}
				: {
						file,
						score: 0.5 + index,
						normalizedScore: 0.5,
						pValue: 0.01,
						threshold: 0.4,
						verdict: isUnknown ? 'unknown' : 'anomaly',
						outOfDistribution: isUnknown,
						unknownReason: isUnknown ? 'Unlike anything seen in training: check the part' : null,
						category: request.category ?? null,
						regions: [{ box: [1, 2, 3, 4], areaPx: 12, peak: 0.9 }],
						width: 64,
						height: 48,
						model: request.model,
						version: '1',
						encoder: 'fake',
						device: 'cpu',
						precision: request.precision ?? 'float32',
						timings: { decodeMs: 1, computeMs: 2, totalMs: 3 },
						...(request.outputs?.heatmap ? { heatmapPng: bytesFor(image, 7) } : {}),
						...(request.outputs?.mask ? { maskPng: bytesFor(image, 9) } : {}),
					};
			outcomes.push(outcome);
			onOutcome(outcome, index);
			await sleep(0);
		}
		return outcomes;
	},

	/** For real: it needs no model. */
	makeReport: (request, context) =>
		require('../../src/evaluation/report/make.ts').makeReport(request, context),

	async evaluate(request, { signal, onProgress }) {
		if (request.model === 'watchful') await countTurns(request.store, signal);
		onProgress(1, 2);
		onProgress(2, 2);
		const images = { good: 3, anomalous: 2, withMask: 0 };
		const row = {
			...metrics(0.9),
			pixelAuroc: null,
			pixelAp: null,
			pixelF1Max: null,
			aupro: null,
			auproOfficial: null,
			aupimo: null,
		};
		return {
			model: request.model,
			version: '1',
			encoder: 'fake',
			device: 'cpu',
			categories: (request.categories ?? ['bottle', 'cable']).map((category) => ({
				category,
				images,
				inspectedShare: null,
				reasons: { aupro: 'no masks' },
				...row,
				intervals: { imageAuroc: [0.8, 1], imageAp: null, imageF1Max: null },
				threshold: 0.5,
				falseAlarms: 1,
				misses: 0,
				pixelMode: null,
				errorBounds: {},
				pixelCurves: null,
				defectTypes: [{ label: 'cut', images: 2, withMask: 0, metrics: {}, reasons: {} }],
			})),
			mean: row,
			failures: [],
			notices: [],
			images: [0.25, 0.3, 0.5, 0.4, 0.6].map((score, i) => ({
				file: `${i}.png`,
				category: 'bottle',
				label: i < 3 ? 'good' : 'cut',
				anomalous: i >= 3,
				score,
			})),
			examples: [],
			madeWith: {
				modelSha256: 'a'.repeat(64),
				encoderSha256: 'b'.repeat(64),
				imageSize: 64,
				cropSize: 64,
				maskRule: request.maskRule ?? 'nonzero',
				maxFpr: request.maxFpr ?? 0.3,
				pixelMode: request.pixelMode ?? 'auto',
				falseAlarmRate: 0.01,
				thresholdRule: 'falseAlarmRate 0.01',
				zonesSha256: null,
				threads: 0,
				datasetRoot: 'data',
				datasetFingerprint: 'c'.repeat(64),
				versions: {
					package: '0.0.0',
					node: process.version,
					onnxruntime: '0',
					sharp: '0',
					platform: 'fake',
				},
			},
			seconds: 1.5,
		};
	},

	/** Calibrates to what was asked for. */
	async calibrate(request) {
		return {
			model: 'it',
			version: '2',
			parentVersion: '1',
			path: '/store',
			limits: [],
			zones: request.zones ? 'ignores label' : null,
			skipped: [],
			notices: [],
			request,
		};
	},

	async quantise(request, { onProgress }) {
		onProgress(20, 20);
		return {
			model: 'it',
			version: '2',
			parentVersion: '1',
			path: '/store',
			check: {
				created: '2026-01-01T00:00:00.000Z',
				source: 'parts',
				normal: 12,
				anomalous: 8,
				rankCorrelation: 0.9985,
				largestChange: 0.0123,
				maskChange: 0.00045,
				speedup: 1.8,
				precision: request.precision ?? 'int8',
				device: request.device ?? 'cpu',
				milliseconds: { float32: 90, reduced: 50 },
				processor: 'fake',
			},
			skipped: [{ file: 'bad.png', reason: 'it is no image' }],
			request,
		};
	},

	/** All images are bright and score above 1. */
	async measureImages({ from, newest }, { onProgress }) {
		const images =
			'images' in from ? from.images : Array.from({ length: newest }, (_, i) => ({ file: `${i}.png` }));
		onProgress(images.length, images.length);
		return {
			images: images.map(({ file }, i) => ({
				file,
				score: 1 + i / 100,
				statistics: { brightness: 0.9, contrast: 0.1, sharpness: 0.01, width: 64, height: 48 },
			})),
			failures: [],
			notices: [],
		};
	},

	async exportModel(request) {
		const check = {
			created: '2026-01-01T00:00:00.000Z',
			source: 'drawn pictures',
			images: 7,
			skipped: 0,
		};
		const differences = { scoreDifference: 0, scoreChange: 0, mapDifference: 0 };
		return {
			model: 'it',
			version: '1',
			path: request.onnxPath ?? request.repository,
			bytes: 10,
			precision: request.precision ?? 'float32',
			check: { ...check, ...differences },
		};
	},
	async drawSample({ dir, seed }) {
		return { dir, categories: ['disc'], files: seed ?? 0 };
	},
	async doctor({ store }, { signal }) {
		if (store.includes('watchful')) await countTurns(store, signal);
		const fails = store.includes('broken');
		return {
			checks: [
				{ check: 'Node.js', status: 'ok', detail: process.version, advice: '' },
				{
					check: 'Store',
					status: fails ? 'fail' : 'ok',
					detail: store,
					advice: fails ? 'Choose another folder' : '',
				},
				{
					check: 'Float16Array',
					status: 'Float16Array' in globalThis ? 'fail' : 'ok',
					detail: '',
					advice: '',
				},
			],
		};
	},
});

/** As many bytes as came in when the image's name says "huge", a few otherwise. */
function bytesFor(image, fill) {
	const length = (image.file ?? image.name).includes('huge') ? image.bytes.length : 3;
	const bytes = new Uint8Array(length).fill(fill);
	if (image.bytes) bytes[0] = image.bytes.at(-1);
	return bytes;
}
