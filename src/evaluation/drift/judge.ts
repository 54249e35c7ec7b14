import { DinomalyError } from '../../errors';
import type { ImageStatistics } from '../../imaging/statistics';
import { holm } from '../metrics/holm';
import { wilsonInterval } from '../metrics/wilson';
import { describeDrift } from './describe';
import { ksTest } from './kolmogorovSmirnov';
import { populationStability, type Psi } from './psi';
import type { DriftReference } from './reference';
import {
	LEAST_IMAGES,
	type DriftChange,
	type DriftCheck,
	type DriftMeasure,
	type DriftReport,
	type DriftVerdict,
	type SizeCheck,
} from './report';

export interface RecentImages {
	readonly scores: readonly number[];
	/** Empty when only scores are known. */
	readonly statistics: readonly ImageStatistics[];
}

/** Chances below which a change is called clear, and slight. */
const CLEAR_P = 0.01;
const SLIGHT_P = 0.05;
/** Sizes of change that matter (customary limits of the PSI), beyond what chance alone makes. */
const LARGE_PSI = 0.25;
const SMALL_PSI = 0.1;
/** Share of images of a size never seen that is no single stray image. */
const UNSEEN_SIZE_SHARE = 0.05;

const MEASURES_OF_IMAGES = ['brightness', 'contrast', 'sharpness'] as const;

/**
 * Holds recent images against the model's calibration. A change must be both unlikely by chance (Kolmogorov-Smirnov) and large enough to
 * matter (PSI): of thousands of images the slightest difference is significant, and of ten any difference looks large.
 * @throws DinomalyError SCORE_NOT_FINITE for a score or a measure that is no number: it has no place in an order
 */
export function judgeDrift({ scores, statistics }: RecentImages, reference: DriftReference): DriftReport {
	const images = Math.max(scores.length, statistics.length);
	const { images: measured } = reference;
	const pairs: [DriftMeasure, readonly number[], readonly number[]][] = [];
	if (scores.length > 0) pairs.push(['score', reference.scores, scores]);
	if (statistics.length > 0 && measured !== undefined)
		for (const measure of MEASURES_OF_IMAGES)
			pairs.push([measure, measured[measure], statistics.map((one) => one[measure])]);
	for (const [measure, , now] of pairs) checkFinite(measure, now);
	const enough = pairs.filter(
		([, before, now]) => before.length >= LEAST_IMAGES && now.length >= LEAST_IMAGES,
	);
	const checks = checksOf(enough);
	const size =
		statistics.length > 0 && measured !== undefined ? checkSize(statistics, measured.sizes) : undefined;
	const found = {
		category: reference.category,
		images,
		calibrationImages: reference.scores.length,
		checks,
		...(size && { size }),
		alarms: alarmsOf(scores, reference),
		notices: noticesOf({ scores, statistics }, reference),
	};
	const verdict = verdictOf(checks, size);
	return { verdict, reason: describeDrift(verdict, found), ...found };
}

function checkFinite(measure: DriftMeasure, values: readonly number[]): void {
	const at = values.findIndex((value) => !Number.isFinite(value));
	if (at === -1) return;
	throw new DinomalyError(
		'SCORE_NOT_FINITE',
		`Expected every ${measure} of the recent images to be a finite number, found ${values[at]} for image ${at + 1} of ${values.length}`,
		{ hint: 'Leave that image out, and score it by itself to see what is wrong with it.' },
	);
}

function checksOf(
	pairs: readonly (readonly [DriftMeasure, readonly number[], readonly number[]])[],
): DriftCheck[] {
	const tests = pairs.map(([measure, before, recent]) => {
		const now = [...recent].sort((a, b) => a - b);
		return {
			measure,
			ks: ksTest(before, now),
			psi: populationStability(before, now),
			medianBefore: median(before),
			medianNow: median(now),
		};
	});
	const adjusted = holm(tests.map(({ ks }) => ks.pValue));
	return tests.map((test, i) => {
		const adjustedPValue = adjusted[i] ?? 1;
		return { ...test, adjustedPValue, change: changeOf(adjustedPValue, test.psi) };
	});
}

function changeOf(pValue: number, { value, byChance }: Psi): DriftChange {
	const size = value - byChance;
	if (pValue < CLEAR_P && size >= LARGE_PSI) return 'clear';
	return pValue < SLIGHT_P && size >= SMALL_PSI ? 'slight' : 'none';
}

function checkSize(
	statistics: readonly ImageStatistics[],
	known: readonly { readonly width: number; readonly height: number }[],
): SizeCheck {
	const sizes = new Set(known.map(nameOfSize));
	const unseen = statistics.filter((one) => !sizes.has(nameOfSize(one)));
	if (unseen.length === 0) return { unseen: 0, change: 'none' };
	const many = unseen.length > 1 && unseen.length >= UNSEEN_SIZE_SHARE * statistics.length;
	return { unseen: unseen.length, example: nameOfSize(unseen[0]), change: many ? 'clear' : 'slight' };
}

function nameOfSize({ width, height }: { readonly width: number; readonly height: number }): string {
	return `${width}x${height}`;
}

function alarmsOf(
	scores: readonly number[],
	{ threshold, thresholdBasis }: DriftReference,
): DriftReport['alarms'] {
	if (scores.length === 0) return null;
	const count = scores.filter((score) => score > threshold).length;
	return {
		count,
		rate: count / scores.length,
		interval: wilsonInterval(count, scores.length),
		thresholdBasis,
	};
}

function noticesOf(
	{ scores, statistics }: RecentImages,
	{ images, category, categories }: DriftReference,
): string[] {
	return [
		...(statistics.length === 0
			? [
					'Only scores were checked: brightness, contrast, sharpness and size need the images themselves',
				]
			: []),
		...(statistics.length > 0 && images === undefined
			? [
					'The model keeps no image statistics, since an older version of the package trained it: brightness, contrast, sharpness and size were not checked; train it again to have them',
				]
			: []),
		...(scores.length === 0 ? ['No scores were checked'] : []),
		...(category === null && categories > 1
			? ['All categories together: a change of their mix looks like drift, so give a category']
			: []),
	];
}

function verdictOf(checks: readonly DriftCheck[], size: SizeCheck | undefined): DriftVerdict {
	const changes = [...checks, ...(size === undefined ? [] : [size])].map(({ change }) => change);
	if (changes.includes('clear')) return 'drift';
	if (checks.length === 0) return 'unknown';
	return changes.includes('slight') ? 'watch' : 'stable';
}

function median(ascending: ArrayLike<number>): number {
	const middle = ascending.length >> 1;
	// Halved first: the sum of two numbers near the end of the range would be infinite.
	return ascending.length % 2 === 1 ? ascending[middle] : ascending[middle - 1] / 2 + ascending[middle] / 2;
}
