import type { MetricValues } from '../store/evaluationRun';
import { metricInWords, type MetricName } from './metricNames';

/** What an evaluation must reach. */
export interface GateRule {
	readonly metric: MetricName;
	/** `everyCategory`: one category that falls short is enough to fail. `category`: only the named one counts. */
	readonly scope: 'mean' | 'everyCategory' | 'category';
	/** For the scope `category`. */
	readonly category?: string;
	/** Smallest value that passes, in [0, 1]. */
	readonly floor?: number;
	/** Largest drop against the earlier evaluation that passes, in [0, 1]. */
	readonly largestDrop?: number;
}

/** The part of a run that a gate looks at. */
export interface Measured {
	readonly mean: MetricValues;
	readonly categories: readonly { readonly category: string; readonly metrics: MetricValues }[];
}

/** The earlier evaluation, and how the sentence names it. */
export interface Baseline extends Measured {
	readonly title: string;
}

/** An earlier evaluation that was asked for and is not there: no drop can be checked. */
export interface MissingBaseline {
	/** As it follows "found", such as `no evaluation of version 2`. */
	readonly missing: string;
}

export interface GateVerdict {
	readonly passed: boolean;
	/** One sentence. */
	readonly reason: string;
}

/** The verdict on several rules: all must pass. */
export interface GatesVerdict extends GateVerdict {
	/** In the order of the rules. */
	readonly rules: readonly GateVerdict[];
}

interface Subject {
	/** Absent: the mean over the categories. */
	readonly category?: string;
	readonly now: number | null;
	readonly before: number | null;
}

/** Differences of decimal fractions are off by a few 1e-17: a drop of exactly the allowed size must pass. */
const ROUNDING = 1e-9;
const DIGITS = 4;
const MOST_DIGITS = 9;

/**
 * Holds an evaluation against a rule.
 *
 * A metric that is not defined fails: a gate that cannot be checked must not look passed. Without an earlier evaluation, or for a
 * category that it did not have, there is nothing to drop from: that passes, and the sentence says so.
 */
export function judgeGate(
	rule: GateRule,
	current: Measured,
	earlier?: Baseline | MissingBaseline,
): GateVerdict {
	const baseline = earlier !== undefined && 'missing' in earlier ? undefined : earlier;
	const subjects = subjectsOf(rule, current, baseline);
	const metric = `${rule.scope === 'mean' ? 'mean ' : ''}${metricInWords(rule.metric)}`;
	if (subjects.length === 0) {
		const wanted =
			rule.scope === 'category' ? `category "${rule.category ?? ''}"` : 'at least one category';
		return { passed: false, reason: `Failed: expected ${metric} of ${wanted}, found none` };
	}
	const failures = subjects.flatMap((subject) => failuresOf(rule, subject, baseline));
	if (rule.largestDrop !== undefined && earlier !== undefined && 'missing' in earlier)
		failures.push(
			`has nothing to be held against: expected an earlier evaluation, found ${earlier.missing}`,
		);
	if (failures.length > 0) return { passed: false, reason: `Failed: ${metric} ${failures.join('; ')}` };
	return { passed: true, reason: `Passed: ${metric} ${praise(rule, subjects, baseline)}` };
}

/** Holds an evaluation against all rules; the sentence names every one that failed, or what all reached. */
export function judgeGates(
	rules: readonly GateRule[],
	current: Measured,
	earlier?: Baseline | MissingBaseline,
): GatesVerdict {
	const verdicts = rules.map((rule) => judgeGate(rule, current, earlier));
	const passed = verdicts.every((verdict) => verdict.passed);
	const told = passed ? verdicts : verdicts.filter((verdict) => !verdict.passed);
	const word = passed ? 'Passed' : 'Failed';
	const parts = told.map(({ reason }) => reason.slice(`${word}: `.length));
	return { passed, reason: `${word}: ${parts.join('; ')}`, rules: verdicts };
}

function subjectsOf(
	{ metric, scope, category: only }: GateRule,
	current: Measured,
	baseline: Baseline | undefined,
): Subject[] {
	const value = (metrics: MetricValues | undefined): number | null => metrics?.[metric] ?? null;
	if (scope === 'mean') return [{ now: value(current.mean), before: value(baseline?.mean) }];
	const before = new Map(baseline?.categories.map(({ category, metrics }) => [category, metrics]));
	return current.categories
		.filter(({ category }) => scope === 'everyCategory' || category === only)
		.map(({ category, metrics }) => ({
			category,
			now: value(metrics),
			before: value(before.get(category)),
		}));
}

function failuresOf(rule: GateRule, subject: Subject, baseline: Baseline | undefined): string[] {
	const { now, before } = subject;
	const of = ofSubject(subject);
	if (now === null) return [`${of}is not defined, so it cannot be checked`];
	const failures: string[] = [];
	if (rule.floor !== undefined && now < rule.floor - ROUNDING) {
		const [found, floor] = distinct(now, rule.floor);
		failures.push(`${of}is ${found}, below the floor ${floor}`);
	}
	if (rule.largestDrop !== undefined && baseline !== undefined && before !== null) {
		const drop = before - now;
		if (drop > rule.largestDrop + ROUNDING) {
			const [found, allowed] = distinct(drop, rule.largestDrop);
			failures.push(
				`${of}fell by ${found} (from ${short(before)} in ${baseline.title} to ${short(now)}), ` +
					`more than the allowed ${allowed}`,
			);
		}
	}
	return failures;
}

function praise(
	{ floor, largestDrop }: GateRule,
	subjects: readonly Subject[],
	baseline: Baseline | undefined,
): string {
	const worst = subjects.reduce((low, one) => ((one.now ?? 0) < (low.now ?? 0) ? one : low));
	const subject =
		subjects.length === 1
			? ofSubject(worst)
			: `of every category, lowest ${worst.category ?? 'their mean'}, `;
	const parts = [`${subject}is ${short(worst.now ?? 0)}`];
	if (floor !== undefined) parts.push(`at least the floor ${short(floor)}`);
	if (largestDrop !== undefined) parts.push(describeDrop(largestDrop, subjects, baseline));
	return parts.join(', ');
}

function ofSubject({ category }: Subject): string {
	return category === undefined ? '' : `of ${category} `;
}

function describeDrop(
	largestDrop: number,
	subjects: readonly Subject[],
	baseline: Baseline | undefined,
): string {
	if (baseline === undefined) return 'with no earlier evaluation to compare with';
	const drops = subjects.flatMap(({ now, before }) =>
		now === null || before === null ? [] : [before - now],
	);
	if (drops.length === 0) return `with nothing comparable in ${baseline.title}`;
	const largest = Math.max(...drops);
	const change = largest > 0 ? `fell by ${short(largest)}` : `rose by ${short(-largest)}`;
	const most = subjects.length === 1 ? change : `${change} at worst`;
	return `and ${largest === 0 ? 'is unchanged' : most} since ${baseline.title} (allowed drop ${short(largestDrop)})`;
}

/** Two different numbers with as many digits as show their difference. */
function distinct(a: number, b: number): [string, string] {
	for (let digits = DIGITS; digits < MOST_DIGITS; digits++) {
		const pair: [string, string] = [a.toFixed(digits), b.toFixed(digits)];
		if (pair[0] !== pair[1]) return pair;
	}
	return [a.toFixed(MOST_DIGITS), b.toFixed(MOST_DIGITS)];
}

function short(value: number): string {
	return value.toFixed(DIGITS);
}
