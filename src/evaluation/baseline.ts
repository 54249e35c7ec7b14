import { DinomalyError } from '../errors';
import type { EvaluationRun } from '../store/evaluationRun';
import type { EvaluationRuns } from '../store/evaluationRuns';
import type { ModelStore } from '../store/modelStore';
import { isVersion, parseRef } from '../store/names';
import { isRunId } from '../store/runId';
import { metricInWords, PIXEL_METRICS } from './metricNames';
import type { GateRule } from './gate';
import { maxFprOf } from './run';
import { differInZones } from './inspectedArea';

/** Which earlier evaluation a run is held against. */
export type CompareWith =
	/** The newest earlier one of the model, whatever its version. */
	| { readonly kind: 'previous' }
	| { readonly kind: 'run'; readonly id: string }
	/** The newest earlier one of a version of the model; `title` is how the user named the version. */
	| { readonly kind: 'version'; readonly version: string; readonly title: string };

/**
 * What a word stands for: `previous`, the id of a run, an alias such as `production`, or a version. Looked up before an evaluation, so
 * that a mistake shows before the work and not after.
 *
 * @throws DinomalyError INPUT_MISSING when there is no such run, MODEL_NOT_FOUND when there is no such alias or version
 */
export async function readCompareWith(
	word: string,
	{
		model,
		store,
		runs,
	}: { readonly model: string; readonly store: ModelStore; readonly runs: EvaluationRuns },
): Promise<CompareWith> {
	if (word === 'previous') return { kind: 'previous' };
	const { name } = parseRef(model);
	if (isRunId(word)) {
		await runs.read(name, word);
		return { kind: 'run', id: word };
	}
	const { version } = await store.resolve(`${name}@${word}`);
	return {
		kind: 'version',
		version,
		title: isVersion(word) ? `version ${word}` : `${word} (version ${version})`,
	};
}

export interface FindBaselineOptions {
	readonly compareWith: CompareWith;
	/** Whether an earlier run that is not named must be of the same test images; it always is of the same kind. */
	readonly sameImages: boolean;
}

/** The earlier run, or, when one of a version was asked for and there is none, what to say about that. */
export async function findBaseline(
	runs: EvaluationRuns,
	run: EvaluationRun,
	{ compareWith, sameImages }: FindBaselineOptions,
): Promise<{ readonly previous?: EvaluationRun; readonly missing?: string }> {
	const { name } = run.model;
	if (compareWith.kind === 'run') return { previous: await runs.read(name, compareWith.id) };
	const version = compareWith.kind === 'version' ? compareWith.version : undefined;
	const previous = await runs.newest(name, {
		source: run.source,
		before: run.id,
		version,
		where: (earlier) => measuredAlike(earlier, run),
		...(sameImages && { fingerprint: run.dataset.fingerprint }),
	});
	if (previous !== undefined) return { previous };
	// The version under test has nothing before it to fall from; another one should have been evaluated first.
	if (compareWith.kind !== 'version' || version === run.model.version) return {};
	const where = sameImages ? ' on the same test images' : '';
	return { missing: `no evaluation of ${compareWith.title}${where}, so evaluate that version first` };
}

/** Whether pixel metrics of two runs mean the same. */
export function measuredAlike(a: EvaluationRun, b: EvaluationRun): boolean {
	return a.maskRule === b.maskRule && maxFprOf(a) === maxFprOf(b);
}

/**
 * Refuses to hold pixel metrics against those of a run that was measured by other rules.
 * @throws DinomalyError CONFIG_INVALID
 */
export function requireComparable(
	rules: readonly GateRule[],
	run: EvaluationRun,
	previous: EvaluationRun,
): void {
	const rule = rules.find(
		({ metric, largestDrop }) =>
			largestDrop !== undefined && PIXEL_METRICS.some((name) => name === metric),
	);
	if (rule === undefined) return;
	if (differInZones(previous, run))
		throw new DinomalyError(
			'CONFIG_INVALID',
			`Expected run ${previous.id} to have inspected the same parts of the images, to compare ${metricInWords(rule.metric)}, found that the zones of the model were others`,
			{ hint: 'Compare image metrics, or evaluate a version with the same zones first.' },
		);
	if (measuredAlike(run, previous)) return;
	throw new DinomalyError(
		'CONFIG_INVALID',
		`Expected run ${previous.id} to have measured ${metricInWords(rule.metric)} as this one, with ${rulesOf(run)}, found ${rulesOf(previous)}`,
		{ hint: 'Evaluate with the same mask rule and AUPRO limit, or compare with another run.' },
	);
}

function rulesOf(run: EvaluationRun): string {
	return `mask rule "${run.maskRule}" and AUPRO limit ${maxFprOf(run)}`;
}
