/**
 * How cost grows: a training step with its batch, a score with the image's side, a process with the models that it holds, a training and a score
 * with the number of categories, and the first step of a training with the number of images.
 *
 * Usage: node dist/bench/growth.js [layout] [largest number of images]
 */
import path from 'node:path';
import { openEngine } from '../src/engine/host';
import { scanDataset } from '../src/dataset/scan';
import { resolveConfig } from '../src/training/config';
import { estimateTraining, featureBytes } from '../src/training/estimate';
import { THREADS } from './support/cases';
import { withDrawnData, type DrawnData } from './support/drawnData';
import { openBenchEncoder } from './support/layouts';
import { Report, spreadOf, type Spread } from './support/report';
import { openScoring, type ScoringCase } from './support/scoringCase';
import { millisecondsOf } from './support/timing';
import { openStep } from './support/trainingCase';
import { FeatureCache } from '../src/encoding/featureCache';
import { Encoder } from '../src/encoding/encoder';
import { ImageFeatures } from '../src/encoding/imageFeatures';

const RUNS = 5;
const SIDES = [112, 224, 336, 448];
const BATCHES = [1, 2, 4, 8, 16];
const MODELS = 4;
const CATEGORIES = [1, 4, 16];
const CATEGORY_IMAGES = 128;
const MOST_DISTINCT = 1000;
const ENCODING = { imageSize: 112, cropSize: 112, groups: 2 };
const SESSION = { device: 'cpu', threads: THREADS } as const;

const [layout = 'ViT-S reg4', most = '1000'] = process.argv.slice(2);

void main();

async function main(): Promise<void> {
	const report = new Report('growth');
	await growWithSide(report);
	await growWithBatch(report);
	await growWithModels(report);
	await growWithCategories(report);
	await growWithImages(report);
	report.end();
}

async function growWithSide(report: Report): Promise<void> {
	const file = await openBenchEncoder(layout);
	for (const side of SIDES) {
		const crop = side - (side % file.dims.patch);
		const scoring = await openScoring(file, crop, SESSION);
		await scoring.score();
		report.figure({
			what: `score, ${layout}, ${crop} px`,
			unit: 'ms',
			value: await timed(scoring.score),
		});
		await scoring.release();
	}
}

async function growWithBatch(report: Report): Promise<void> {
	const { dims } = await openBenchEncoder(layout);
	const cropSize = 16 * dims.patch;
	for (const batchSize of BATCHES) {
		const { trainer, config } = await openStep(dims, { cropSize, batchSize });
		await trainer.advance();
		const what = `training step, ${layout}, ${cropSize} px, batch ${batchSize}`;
		report.figure({ what, unit: 'ms', value: await timed(() => trainer.advance()) });
		const { memoryBytes } = estimateTraining(config, dims);
		report.figure({
			what: `${what}, memory as estimated`,
			unit: 'GB',
			value: spreadOf([memoryBytes / 1e9]),
		});
		await trainer.release();
	}
}

async function growWithModels(report: Report): Promise<void> {
	const file = await openBenchEncoder(layout);
	const held: ScoringCase[] = [];
	for (let models = 1; models <= MODELS; models++) {
		held.push(await openScoring(file, 16 * file.dims.patch, SESSION));
		for (const scoring of held) await scoring.score();
		const resident = process.memoryUsage().rss / 1e9;
		report.figure({
			what: `memory with ${models} encoders and decoders, ${layout}`,
			unit: 'GB',
			value: spreadOf([resident]),
		});
	}
	for (const scoring of held) await scoring.release();
}

/** The same number of images under more and more names, in one model. */
async function growWithCategories(report: Report): Promise<void> {
	for (const categories of CATEGORIES)
		await withDrawnData(CATEGORY_IMAGES, (drawn) => timeCategories(report, drawn), {
			categories,
		});
}

async function timeCategories(report: Report, { data, store, images, categories }: DrawnData): Promise<void> {
	const figure = (what: string, unit: string, value: Spread): void => {
		report.figure({
			what: `${what}, ${images.length} images of ${categories.length} categories`,
			unit,
			value,
		});
	};
	const engine = openEngine();
	const model = 'panels';
	try {
		const train = (): Promise<unknown> =>
			engine.train({
				...{ store, data, model, encoder: 'descriptors', ...SESSION },
				overrides: { imageSize: 112, cropSize: 112, batchSize: 16, iterations: 10 },
				calibrationShare: 0.25,
			});
		await train();
		// From the second time on features come from the cache: what is left goes with steps, thresholds and names.
		figure('whole training', 's', await timed(train, 1e-3));
		const score = async (): Promise<void> => {
			const [outcome] = await engine.score({
				...{ store, model, ...SESSION },
				category: categories[0],
				images: [{ file: images[0] }],
			});
			if ('error' in outcome) throw new Error(outcome.error.message);
		};
		await score();
		figure('score', 'ms', await timed(score));
	} finally {
		await engine.close();
	}
}

/**
 * The smallest encoder, so that reading, hashing and the cache show: what all encoders share. Only the first thousand images differ: encoding
 * goes with their number, as the figures up to there show, and what else could grow does not look into them.
 */
async function growWithImages(report: Report): Promise<void> {
	for (let count = 10; count <= Number(most); count *= 10)
		await withDrawnData(count, (drawn) => prepareImages(report, drawn), {
			distinct: Math.min(count, MOST_DISTINCT),
		});
	const { dims } = await openBenchEncoder(layout);
	const side = 16 * dims.patch;
	const wide = resolveConfig('fast', dims.patch, { imageSize: side, cropSize: side });
	report.figure({
		what: `features of 1,000 images, ${layout}, ${wide.cropSize} px`,
		unit: 'GB',
		value: spreadOf([featureBytes(wide, dims) / 1e6]),
	});
}

async function prepareImages(report: Report, { folder, data, images }: DrawnData): Promise<void> {
	const file = await openBenchEncoder('descriptors');
	const encoder = await Encoder.load(file, ENCODING, SESSION);
	const key = { encoderSha256: file.resolved.sha256, encoding: ENCODING };
	const cache = new FeatureCache(path.join(folder, 'cache'), key);
	const prepare = async (): Promise<ImageFeatures> => {
		const features = new ImageFeatures(encoder, cache);
		await features.prepare(images, {
			signal: new AbortController().signal,
			onCorrupt: 'fail',
			onProgress: () => undefined,
		});
		return features;
	};
	const figure = (what: string, unit: string, value: number): void => {
		report.figure({ what: `${what} ${images.length} images`, unit, value: spreadOf([value]) });
	};
	const isDistinct = images.length <= MOST_DISTINCT;
	const first = (await millisecondsOf(prepare)) / 1000;
	if (isDistinct) figure('encoding', 's', first);
	const scanned = await millisecondsOf(() => scanDataset(data));
	figure('finding', 's', scanned / 1000);
	const start = performance.now();
	const features = await prepare();
	figure('features from the cache of', 's', (performance.now() - start) / 1000);
	figure('reading features at random of', 'ms', await readingOf(features, images.length));
	figure('memory of the process with the features of', 'GB', process.memoryUsage().rss / 1e9);
	figure('features of', 'GB', (images.length * encoder.featureLength * 2) / 1e9);
	await encoder.release();
}

/** Milliseconds for the features of one image, as a batch takes them. */
async function readingOf(features: ImageFeatures, count: number): Promise<number> {
	const reads = 200;
	const took = await millisecondsOf(async () => {
		for (let i = 0; i < reads; i++) await features.get((i * 7919) % count);
	});
	return took / reads;
}

/** In milliseconds times `unit`. */
async function timed(work: () => Promise<unknown>, unit = 1): Promise<Spread> {
	const times: number[] = [];
	for (let run = 0; run < RUNS; run++) times.push(unit * (await millisecondsOf(work)));
	return spreadOf(times);
}
