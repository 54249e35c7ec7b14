import { setImmediate as nextTick } from 'node:timers/promises';
import { scanDataset } from '../dataset/scan';
import type { CategoryImages, ImageEntry } from '../dataset/dataset';
import { DinomalyError } from '../errors';
import type { RgbImage } from '../imaging/image';
import { prepareMask } from '../imaging/mask';
import { EVAL_SIDE } from '../model/anomalyMap';
import { decodeImage, decodeMask } from '../runtime/images';
import { readAhead } from '../runtime/readAhead';
import { openModel, type ReadyModel } from '../scoring/openModel';
import { meanOverCategories } from './metrics/mean';
import type { Metric } from './metrics/metric';
import { PixelAccumulator } from './metrics/pixelAccumulator';
import { rankingMetrics } from './metrics/ranking';
import type { CategoryEvaluation, EvaluateRequest, EvaluateResult, MetricSet } from './request';

export interface EvaluateContext {
	readonly signal: AbortSignal;
	readonly onProgress: (done: number, total: number) => void;
}

interface Failure {
	readonly file: string;
	readonly reason: string;
}

/** Scores a test set with a model and computes the paper's metrics per category and their mean. */
export async function evaluateModel(
	request: EvaluateRequest,
	context: EvaluateContext,
): Promise<EvaluateResult> {
	const started = performance.now();
	const { device, requireDevice, threads } = request;
	const dataset = await scanDataset(request.data, {
		categories: request.categories,
		signal: context.signal,
	});
	const testable = dataset.categories.filter(({ test }) => test.length > 0);
	if (testable.length === 0) {
		throw new DinomalyError('DATASET_EMPTY', `Expected test images in ${request.data}, found none`, {
			hint: 'Put them into <category>/test/good and <category>/test/<defect>.',
		});
	}
	const model = await openModel(request.store, request.model, { device, requireDevice, threads });
	const total = testable.reduce((sum, { test }) => sum + test.length, 0);
	const failures: Failure[] = [];
	const categories: CategoryEvaluation[] = [];
	let done = 0;
	for (const category of testable) {
		categories.push(
			await evaluateCategory(model, category, request.maskRule ?? 'nonzero', {
				failures,
				step: () => {
					if (context.signal.aborted)
						throw new DinomalyError(
							'CANCELLED',
							`The evaluation was cancelled after ${done} of ${total} images`,
						);
					context.onProgress(++done, total);
				},
			}),
		);
	}
	const { card, version } = model.opened;
	const foreign = testable
		.map(({ name }) => name)
		.filter((name) => !card.categories.some((known) => known.name === name));
	return {
		model: card.name,
		version,
		encoder: card.encoder.name,
		device: model.device,
		categories,
		mean: meanOverCategories(categories),
		failures,
		notices: [
			...(card.encoder.notice === undefined ? [] : [card.encoder.notice]),
			...(foreign.length > 0 ? [`Not trained on: ${foreign.join(', ')}`] : []),
			...dataset.problems
				.filter(({ severity }) => severity === 'warning')
				.map(({ message }) => message),
		],
		seconds: (performance.now() - started) / 1000,
	};
}

interface Bookkeeping {
	readonly failures: Failure[];
	/** Called after every image. */
	readonly step: () => void;
}

async function evaluateCategory(
	model: ReadyModel,
	{ name, test }: CategoryImages,
	rule: 'nonzero' | 'half',
	{ failures, step }: Bookkeeping,
): Promise<CategoryEvaluation> {
	const scores: number[] = [];
	const labels: number[] = [];
	const pixels = new PixelAccumulator();
	const withMask = test.filter(({ anomalous, maskPath }) => anomalous && maskPath !== null).length;
	let masked = 0;
	const read = (entry: ImageEntry): Promise<TestImage | Failure> =>
		readTestImage(entry, model, { rule, wantMask: withMask > 0 });
	for await (const loaded of readAhead(test, read)) {
		step();
		if ('reason' in loaded) {
			failures.push(loaded);
			continue;
		}
		const { score, map } = await model.score(loaded.image);
		scores.push(score);
		labels.push(Number(loaded.anomalous));
		if (loaded.mask !== 'none') {
			pixels.add(map, loaded.mask, EVAL_SIDE, EVAL_SIDE);
			if (loaded.mask) masked++;
		}
		// Lets messages in, such as a cancel, before the next image holds the thread.
		await nextTick();
	}
	const anomalous = labels.reduce((sum, label) => sum + label, 0);
	const ranking = rankingMetrics(Float32Array.from(scores), Uint8Array.from(labels));
	const undefinedHere: Metric = { value: null, reason: 'No test image of this category has a mask' };
	const none = {
		auroc: undefinedHere,
		ap: undefinedHere,
		f1Max: undefinedHere,
		aupro: undefinedHere,
		auproOfficial: undefinedHere,
	};
	const pixel = masked > 0 ? pixels.result() : none;
	return {
		category: name,
		images: { good: labels.length - anomalous, anomalous, withMask: masked },
		...collect({
			imageAuroc: ranking.auroc,
			imageAp: ranking.ap,
			imageF1Max: ranking.f1Max,
			pixelAuroc: pixel.auroc,
			pixelAp: pixel.ap,
			pixelF1Max: pixel.f1Max,
			aupro: pixel.aupro,
			auproOfficial: pixel.auproOfficial,
		}),
	};
}

interface TestImage {
	readonly image: RgbImage;
	readonly anomalous: boolean;
	readonly mask: Uint8Array | null | 'none';
}

async function readTestImage(
	entry: ImageEntry,
	model: ReadyModel,
	{ rule, wantMask }: { readonly rule: 'nonzero' | 'half'; readonly wantMask: boolean },
): Promise<TestImage | Failure> {
	try {
		const image = await decodeImage(entry.path);
		return {
			image,
			anomalous: entry.anomalous,
			mask: wantMask ? await groundTruth(entry, model, rule) : 'none',
		};
	} catch (error) {
		if (!(error instanceof DinomalyError)) throw error;
		return { file: entry.relativePath, reason: error.message };
	}
}

/** The mask of a test image at the map's side: null for a good image, 'none' for a defect without a mask. */
async function groundTruth(
	{ anomalous, maskPath }: ImageEntry,
	model: ReadyModel,
	rule: 'nonzero' | 'half',
): Promise<Uint8Array | null | 'none'> {
	if (!anomalous) return null;
	if (maskPath === null) return 'none';
	return prepareMask(await decodeMask(maskPath), {
		...model.opened.card.config,
		evalSide: EVAL_SIDE,
		rule,
	});
}

function collect(
	metrics: Readonly<Record<keyof MetricSet, { readonly value: number | null; readonly reason?: string }>>,
): MetricSet & { reasons: Record<string, string> } {
	const reasons: Record<string, string> = {};
	for (const [name, metric] of Object.entries(metrics))
		if (metric.reason !== undefined) reasons[name] = metric.reason;
	const value = (name: keyof MetricSet): number | null => metrics[name].value;
	return {
		imageAuroc: value('imageAuroc'),
		imageAp: value('imageAp'),
		imageF1Max: value('imageF1Max'),
		pixelAuroc: value('pixelAuroc'),
		pixelAp: value('pixelAp'),
		pixelF1Max: value('pixelF1Max'),
		aupro: value('aupro'),
		auproOfficial: value('auproOfficial'),
		reasons,
	};
}
