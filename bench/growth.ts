/**
 * How cost grows: a training step with its batch, a score with the image's side, a process with the models that it holds, and the first
 * step of a training with the number of images.
 *
 * Usage: node dist/bench/growth.js [layout] [largest number of images]
 */
import path from 'node:path';
import { resolveConfig } from '../src/training/config';
import { estimateTraining, featureBytes } from '../src/training/estimate';
import { THREADS } from './support/cases';
import { withDrawnData } from './support/drawnData';
import { openBenchEncoder } from './support/layouts';
import { Report, spreadOf } from './support/report';
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
const SESSION = { device: 'cpu', threads: THREADS } as const;

const [layout = 'ViT-S reg4', most = '1000'] = process.argv.slice(2);

void main();

async function main(): Promise<void> {
	const report = new Report('growth');
	await growWithSide(report);
	await growWithBatch(report);
	await growWithModels(report);
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

/** The smallest encoder, so that reading, hashing and the cache show: what all encoders share. */
async function growWithImages(report: Report): Promise<void> {
	const file = await openBenchEncoder('descriptors');
	const config = { imageSize: 112, cropSize: 112, groups: 2 };
	for (let count = 10; count <= Number(most); count *= 10) {
		await withDrawnData(count, async ({ folder, images }) => {
			const encoder = await Encoder.load(file, config, SESSION);
			const key = { encoderSha256: file.resolved.sha256, encoding: config };
			const cache = new FeatureCache(path.join(folder, 'cache'), key);
			const prepare = async (): Promise<void> => {
				const options = {
					signal: new AbortController().signal,
					onCorrupt: 'fail',
					onProgress: () => undefined,
				} as const;
				await new ImageFeatures(encoder, cache).prepare(images, options);
			};
			const first = (await millisecondsOf(prepare)) / 1000;
			const again = (await millisecondsOf(prepare)) / 1000;
			report.figure({
				what: `encoding ${count} images, descriptors`,
				unit: 's',
				value: spreadOf([first]),
			});
			report.figure({ what: `the same from the cache`, unit: 's', value: spreadOf([again]) });
			const megabytes = (count * encoder.featureLength * 2) / 1e6;
			report.figure({ what: `their features`, unit: 'MB', value: spreadOf([megabytes]) });
			await encoder.release();
		});
	}
	const { dims } = await openBenchEncoder(layout);
	const side = 16 * dims.patch;
	const wide = resolveConfig('fast', dims.patch, { imageSize: side, cropSize: side });
	report.figure({
		what: `features of 1,000 images, ${layout}, ${wide.cropSize} px`,
		unit: 'GB',
		value: spreadOf([featureBytes(wide, dims) / 1e6]),
	});
}

async function timed(work: () => Promise<unknown>): Promise<ReturnType<typeof spreadOf>> {
	const times: number[] = [];
	for (let run = 0; run < RUNS; run++) times.push(await millisecondsOf(work));
	return spreadOf(times);
}
