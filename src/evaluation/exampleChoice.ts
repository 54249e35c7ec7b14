import { isFalseAlarm, isMiss } from './categoryMetrics';
import type { CategoryEvaluation, EvaluatedImage, ExampleKind } from './request';

export interface ChosenImage extends EvaluatedImage {
	readonly kind: ExampleKind;
	readonly threshold: number;
}

/** Right images only show that the model looks at the right thing: fewer are enough. */
const RIGHT_SHARE = 1 / 2;

/**
 * The images worth looking at: the worst misses and the worst false alarms, at most `count` of each, and half as many of the surest finds
 * and of the surest good ones. How far an image is from its category's threshold is measured in thresholds; categories take turns.
 */
export function chooseExamples(
	images: readonly EvaluatedImage[],
	categories: readonly Pick<CategoryEvaluation, 'category' | 'threshold'>[],
	count: number,
): ChosenImage[] {
	const thresholds = new Map(categories.map(({ category, threshold }) => [category, threshold]));
	const judged = images.flatMap((image): ChosenImage[] => {
		const threshold = thresholds.get(image.category) ?? null;
		return threshold === null ? [] : [{ ...image, kind: kindOf(image, threshold), threshold }];
	});
	const right = Math.ceil(count * RIGHT_SHARE);
	return [
		...furthest(judged, { kind: 'miss', side: 'low', count }),
		...furthest(judged, { kind: 'falseAlarm', side: 'high', count }),
		...furthest(judged, { kind: 'sureDefect', side: 'high', count: right }),
		...furthest(judged, { kind: 'sureGood', side: 'low', count: right }),
	];
}

function kindOf(image: EvaluatedImage, threshold: number): ExampleKind {
	if (image.anomalous) return isMiss(image, threshold) ? 'miss' : 'sureDefect';
	return isFalseAlarm(image, threshold) ? 'falseAlarm' : 'sureGood';
}

function furthest(
	judged: readonly ChosenImage[],
	{
		kind,
		side,
		count,
	}: { readonly kind: ExampleKind; readonly side: 'low' | 'high'; readonly count: number },
): ChosenImage[] {
	const sign = side === 'low' ? 1 : -1;
	const own = judged.filter((image) => image.kind === kind);
	return takeTurns(own.sort((a, b) => sign * (ratio(a) - ratio(b)))).slice(0, count);
}

function ratio({ score, threshold }: ChosenImage): number {
	return score / threshold;
}

/** The first of each category, then the second of each, and so on: one bad category must not hide the others. */
function takeTurns(sorted: readonly ChosenImage[]): ChosenImage[] {
	const seen = new Map<string, number>();
	const turns = sorted.map((image, place) => {
		const turn = seen.get(image.category) ?? 0;
		seen.set(image.category, turn + 1);
		return { image, place, turn };
	});
	return turns.sort((a, b) => a.turn - b.turn || a.place - b.place).map(({ image }) => image);
}
