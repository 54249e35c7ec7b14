import { DinomalyError } from '../../errors';
import type { EvaluationRun } from '../../store/evaluationRun';
import type { EvaluationRuns } from '../../store/evaluationRuns';
import type { GateOutcome, ModelStore } from '../../store/modelStore';
import type { PromotionRule } from '../../store/promotionGate';
import { measuredAlike, requireComparable } from '../baseline';
import { judgeGates, type GateRule } from '../gate';
import { isMetricName } from '../metricNames';
import { modelHash } from '../modelHash';

export interface JudgeOptions {
	readonly store: ModelStore;
	readonly runs: EvaluationRuns;
	/** The model's name, and the version to judge. */
	readonly model: string;
	readonly version: string;
	readonly alias: string;
	/** Where the alias points now; null when it is not set. */
	readonly current: string | null;
	/** At least one. */
	readonly rules: readonly PromotionRule[];
}

/**
 * Holds the newest evaluation of a version against rules. A drop is measured from the newest evaluation, on the same test images, of
 * the version that the alias points at now. A version that was never evaluated fails, and so does a drop that cannot be checked.
 *
 * @throws DinomalyError CONFIG_INVALID for a metric that is not known, or for figures that were measured by other rules
 */
export async function judgeVersion(options: JudgeOptions): Promise<GateOutcome> {
	const { store, runs, model, version, alias, current } = options;
	const rules = options.rules.map(gateRule);
	const { card } = await store.open(`${model}@${version}`);
	const measured = modelHash(card);
	// A version of the same number, of a model of this name that was there before, is another one.
	const run = await runs.newest(model, { version, where: ({ model: { sha256 } }) => sha256 === measured });
	if (run === undefined)
		return {
			passed: false,
			reason: `Failed: version ${version} has no evaluation, so evaluate it first`,
			run: null,
		};
	const baseline = current === null || current === version ? undefined : await newestOf(current, run, runs);
	if (baseline !== undefined) requireComparable(rules, run, baseline);
	const isMissing = current !== null && current !== version && baseline === undefined;
	const title = `${alias} (version ${current ?? ''})`;
	const earlier = isMissing
		? { missing: `no evaluation of ${title} on the same test images, so evaluate that version too` }
		: baseline && { ...baseline, title: `run ${baseline.id} of ${title}` };
	const { passed, reason } = judgeGates(rules, run, earlier);
	return { passed, reason, run: run.id };
}

/** The newest evaluation of another version that can be compared with a run. */
async function newestOf(
	version: string,
	run: EvaluationRun,
	runs: EvaluationRuns,
): Promise<EvaluationRun | undefined> {
	return runs.newest(run.model.name, {
		source: run.source,
		version,
		fingerprint: run.dataset.fingerprint,
		where: (other) => measuredAlike(other, run),
	});
}

function gateRule({ metric, ...rule }: PromotionRule): GateRule {
	if (isMetricName(metric)) return { ...rule, metric };
	throw new DinomalyError(
		'CONFIG_INVALID',
		`Expected the gate to name a metric of an evaluation, found "${metric}"`,
		{ hint: 'Set the gate of the model anew.' },
	);
}
