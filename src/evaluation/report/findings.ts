import type { CategoryOfRun, EvaluationRun } from '../../store/evaluationRun';
import { compareRuns, type CategoryDifference } from '../compare';
import { defectTypes, type DefectType } from '../defectTypes';
import { differInZones, ZONES_DIFFER } from '../inspectedArea';
import { wilsonInterval } from '../metrics/wilson';
import type { ReportData } from './data';
import { listed, metric, percent, plural } from './numbers';

/** A rate with what it rests on. */
export interface Rate {
	readonly count: number;
	readonly of: number;
	/** `count / of`, in [0, 1]. */
	readonly share: number;
	/** Where the share lies with 95 % confidence. */
	readonly interval: readonly [number, number];
}

/** What whoever must decide reads first. */
export interface Findings {
	/** `undecided`: there is no gate to decide by. */
	readonly answer: 'yes' | 'no' | 'undecided';
	/** The answer in one sentence. */
	readonly headline: string;
	/** What the gate says; null without one. */
	readonly reason: string | null;
	/** Whole sentences: what happens at the threshold, where it is weakest, how sure all this is. */
	readonly sentences: readonly string[];
	/** Good images above the threshold; null without a threshold or a good image. */
	readonly falseAlarms: Rate | null;
	/** Defective images not above the threshold; null without a threshold or a defective image. */
	readonly misses: Rate | null;
	/** Images in all. */
	readonly images: number;
	/** Categories with fewer than 30 good or 30 defective images. */
	readonly few: readonly string[];
	/** Every kind of defect, in the order of categories and, within one, the worst first. */
	readonly defectTypes: readonly DefectType[];
	/** Whether image AUROC changed by more than chance, by category; empty without an earlier run. */
	readonly differences: readonly CategoryDifference[];
	/** Images that could not be evaluated, notices of the model, few images: what limits the figures. */
	readonly warnings: readonly string[];
}

/** Below this many images of a kind, one image more or less moves a figure visibly. */
export const FEW_IMAGES = 30;
/** More names than this are counted instead. */
const NAMES = 5;

/** Sums a run up in words and rates. */
export function findingsOf(data: ReportData): Findings {
	const { run, previous, verdict } = data;
	const kinds = defectTypes(run);
	const differences = previous === undefined ? [] : compareRuns(previous, run);
	const falseAlarms = rateOf(run.categories, 'falseAlarms');
	const misses = rateOf(run.categories, 'misses');
	const images = run.categories.reduce((sum, { good, anomalous }) => sum + good + anomalous, 0);
	const few = run.categories
		.filter(({ good, anomalous }) => good < FEW_IMAGES || anomalous < FEW_IMAGES)
		.map(({ category }) => category);
	return {
		answer: verdict === undefined ? 'undecided' : verdict.passed ? 'yes' : 'no',
		headline: headlineOf(data, few.length > 0),
		reason: verdict === undefined ? null : asSentence(verdict.reason),
		sentences: [
			...thresholdSentences(run, { falseAlarms, misses }),
			...weakestSentences(run, kinds),
			basisSentence(run, { images, few }),
			...changeSentences(data, differences),
		],
		falseAlarms,
		misses,
		images,
		few,
		defectTypes: kinds,
		differences,
		warnings: warningsOf(run),
	};
}

/** False alarms over good images, or misses over defective ones, of the categories that have a threshold. */
export function rateOf(categories: readonly CategoryOfRun[], kind: 'falseAlarms' | 'misses'): Rate | null {
	const judged = categories.filter((category) => category[kind] !== null);
	const of = judged.reduce((sum, one) => sum + (kind === 'misses' ? one.anomalous : one.good), 0);
	if (of === 0) return null;
	const count = judged.reduce((sum, one) => sum + (one[kind] ?? 0), 0);
	return { count, of, share: count / of, interval: wilsonInterval(count, of) };
}

function headlineOf({ verdict }: ReportData, isRough: boolean): string {
	if (verdict === undefined) return 'No gate was set, so this report does not decide: the figures below do';
	if (!verdict.passed) return 'No: it does not pass the gate that was set for it';
	return isRough
		? 'Yes, by the gate that was set for it, though measured on few images'
		: 'Yes: it passes the gate that was set for it';
}

function thresholdSentences(
	run: EvaluationRun,
	{ falseAlarms, misses }: Pick<Findings, 'falseAlarms' | 'misses'>,
): string[] {
	const without = run.categories.filter(({ threshold }) => threshold === null);
	return [
		...(misses === null
			? []
			: [
					`Of ${plural(misses.of, 'defective image')} it lets ${countOf(misses)} pass as good: ${rateInWords(misses)}.`,
				]),
		...(falseAlarms === null
			? []
			: [
					`Of ${plural(falseAlarms.of, 'good image')} it stops ${countOf(falseAlarms)} as anomalous: ${rateInWords(falseAlarms)}.`,
				]),
		...(without.length === 0
			? []
			: [
					`There is no threshold for ${without.length === run.categories.length ? 'any category' : nameSome(without.map(({ category }) => category))}, so nothing can be said about false alarms and misses there.`,
				]),
	];
}

function countOf({ count, of }: Rate): string {
	if (count === 0) return 'none';
	return count === of ? (of === 1 ? 'that one' : 'all') : String(count);
}

/** `20 %, and with 95 % confidence between 12 % and 32 %`. */
export function rateInWords({ count, share, interval: [low, high] }: Rate): string {
	if (count === 0) return `${percent(share)}, and with 95\u00a0% confidence at most ${percent(high)}`;
	return `${percent(share)}, and with 95\u00a0% confidence between ${percent(low)} and ${percent(high)}`;
}

function weakestSentences(run: EvaluationRun, kinds: readonly DefectType[]): string[] {
	const lines: string[] = [];
	const rated = run.categories.filter(({ misses, anomalous }) => misses !== null && anomalous > 0);
	const missRate = ({ misses, anomalous }: CategoryOfRun): number => (misses ?? 0) / anomalous;
	const [weakest] = [...rated].sort((a, b) => missRate(b) - missRate(a));
	if (rated.length > 1 && missRate(weakest) > 0) {
		lines.push(
			`Weakest category: ${weakest.category}, where ${weakest.misses ?? 0} of ${plural(weakest.anomalous, 'defective image')} pass and ${weakest.falseAlarms ?? 0} of ${plural(weakest.good, 'good image')} are stopped.`,
		);
	}
	const missed = kinds.filter(({ found, images }) => found !== null && found < images);
	const [hardest] = missed.sort((a, b) => (a.found ?? 0) / a.images - (b.found ?? 0) / b.images);
	if (missed.length > 0)
		lines.push(
			`Hardest to find: ${hardest.label} of ${hardest.category}, of which ${hardest.found ?? 0} of ${plural(hardest.images, 'image')} are found.`,
		);
	return lines;
}

function basisSentence(
	run: EvaluationRun,
	{ images, few }: { readonly images: number; readonly few: readonly string[] },
): string {
	const categories = plural(run.categories.length, 'category', 'categories');
	const basis = `All this rests on ${plural(images, 'image')} in ${categories}`;
	if (few.length === 0)
		return `${basis}, at least ${FEW_IMAGES} good and ${FEW_IMAGES} defective ones in each.`;
	const where =
		few.length === run.categories.length
			? run.categories.length === 1
				? ''
				: ' in every category'
			: ` in ${nameSome(few)}`;
	return `${basis}; with fewer than ${FEW_IMAGES} good or ${FEW_IMAGES} defective ones${where} the figures are rough, and a small change may be chance.`;
}

function changeSentences({ run, previous }: ReportData, tested: readonly CategoryDifference[]): string[] {
	if (previous === undefined) return [];
	const [now, before] = [run.mean.imageAuroc, previous.mean.imageAuroc];
	if (typeof now !== 'number' || typeof before !== 'number') return [];
	const beyond = tested.filter(({ significant }) => significant);
	const chance =
		tested.length === 0
			? 'the runs share too few images to tell whether that is chance'
			: beyond.length === 0
				? 'in no category more than chance'
				: `more than chance in ${nameSome(beyond.map((one) => one.category))}`;
	return [
		`Since the earlier run (version ${previous.model.version}) the mean image AUROC went from ${metric(before)} to ${metric(now)}, ${chance}.`,
		...(differInZones(previous, run) ? [`Mind that ${ZONES_DIFFER}.`] : []),
	];
}

function warningsOf(run: EvaluationRun): string[] {
	if (run.failures === 0) return [...run.notices];
	return [
		...run.notices,
		`${plural(run.failures, 'image')} could not be evaluated and ${run.failures === 1 ? 'is' : 'are'} left out`,
	];
}

function nameSome(names: readonly string[]): string {
	if (names.length <= NAMES) return listed(names);
	return `${names.slice(0, NAMES - 1).join(', ')} and ${names.length - NAMES + 1} more`;
}

/** The verdict's word is in the headline already. */
function asSentence(reason: string): string {
	const rest = reason.replace(/^(?:Passed|Failed): /, '');
	return `${rest.charAt(0).toUpperCase()}${rest.slice(1)}${rest.endsWith('.') ? '' : '.'}`;
}
