import { createRandom } from '../../random';
import { percentiles, type Interval } from './bootstrap';
import type { PairedScore } from './deLong';
import { rankSorted } from './ranking';
import { keyOf } from './scoreKeys';

/** Between which values a metric's change from one model to the other lies, with 95 % confidence; later minus earlier. */
export interface RankingChanges {
	readonly auroc: Interval;
	readonly ap: Interval;
	readonly f1Max: Interval;
}

const RESAMPLES = 1000;
/** Scores drawn in all; more would keep whoever asks waiting. */
const BUDGET = 4_000_000;
const LEAST_RESAMPLES = 200;
const LEAST_IMAGES = 2;
const SEED = 1;

/** One model's scores of one kind of image: keys ascending, and which image each belongs to. */
interface Ordered {
	readonly keys: Uint32Array;
	readonly images: Int32Array;
	/** Filled anew for every resample. */
	readonly drawn: Uint32Array;
}

/**
 * Paired percentile bootstrap (Efron and Tibshirani 1993): images are drawn with replacement, good and anomalous ones apart, and each
 * drawn image brings the scores of both models, so that what is hard for both does not count as a difference.
 *
 * @param share of the scores that are drawn in all, at most 1: for one of many comparisons that somebody waits for together
 * @returns undefined when there are fewer than two good or two anomalous images
 */
export function rankingChanges(images: readonly PairedScore[], share = 1): RankingChanges | undefined {
	const kinds = [false, true].map((anomalous) => images.filter((image) => image.anomalous === anomalous));
	if (kinds.some((kind) => kind.length < LEAST_IMAGES)) return undefined;
	const random = createRandom(SEED);
	const [before, now] = (['before', 'now'] as const).map((when) =>
		kinds.map((kind) => order(kind.map((image) => image[when]))),
	);
	const counts = kinds.map((kind) => new Uint32Array(kind.length));
	const affordable = Math.floor((share * BUDGET) / images.length);
	const resamples = Math.min(RESAMPLES, Math.max(LEAST_RESAMPLES, affordable));
	const changes = { auroc: [] as number[], ap: [] as number[], f1Max: [] as number[] };
	for (let i = 0; i < resamples; i++) {
		for (const count of counts) {
			count.fill(0);
			for (let j = 0; j < count.length; j++) count[random.integer(count.length)]++;
		}
		const [earlier, later] = [before, now].map(([good, anomalous]) =>
			rankSorted({ normal: [draw(good, counts[0])], anomalous: draw(anomalous, counts[1]) }, 'image'),
		);
		for (const name of ['auroc', 'ap', 'f1Max'] as const)
			changes[name].push((later[name].value ?? NaN) - (earlier[name].value ?? NaN));
	}
	return {
		auroc: percentiles(changes.auroc),
		ap: percentiles(changes.ap),
		f1Max: percentiles(changes.f1Max),
	};
}

function order(scores: readonly number[]): Ordered {
	const keys = Uint32Array.from(scores, keyOf);
	const images = Int32Array.from(keys.keys()).sort((a, b) => keys[a] - keys[b]);
	return {
		keys: Uint32Array.from(images, (image) => keys[image]),
		images,
		drawn: new Uint32Array(keys.length),
	};
}

function draw({ keys, images, drawn }: Ordered, counts: Uint32Array): Uint32Array {
	let next = 0;
	for (let i = 0; i < keys.length; i++) {
		// Without a call for each: `fill` costs more than the one or two numbers that it writes.
		for (let left = counts[images[i]]; left > 0; left--) drawn[next++] = keys[i];
	}
	return drawn;
}
