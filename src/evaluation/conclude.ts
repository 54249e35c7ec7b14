import { DinomalyError } from '../errors';
import type { EvaluationRun } from '../store/evaluationRun';
import type { EvaluationRuns } from '../store/evaluationRuns';
import { findBaseline, requireComparable, type CompareWith } from './baseline';
import { judgeGates, type GateRule, type GatesVerdict } from './gate';

export interface ConcludeOptions {
	/** Absent or empty when there is no gate. */
	readonly gates?: readonly GateRule[];
	/** Run that this one is held against; the newest earlier one of the same model when absent. */
	readonly compareWith?: CompareWith;
	/** Whether a run that is not named must be of the same test images; it always is of the same kind. */
	readonly sameImages?: boolean;
	/** Whether to store the run. */
	readonly record?: boolean;
}

export interface Conclusion {
	readonly previous?: EvaluationRun;
	readonly verdict?: GatesVerdict;
	readonly recorded: boolean;
}

/**
 * Holds a run against the one before and against the gate, and stores it. A run that fails its gate is stored too: it is a measurement
 * like any other.
 *
 * @throws DinomalyError INPUT_MISSING when the named run is not there, or when a comparison is asked for and the model is not known;
 * CONFIG_INVALID when a drop of pixel metrics is asked for against a run that measured them by other rules
 */
export async function concludeRun(
	runs: EvaluationRuns,
	run: EvaluationRun,
	{ gates = [], compareWith, sameImages = true, record = true }: ConcludeOptions = {},
): Promise<Conclusion> {
	const { name } = run.model;
	const judged = gates.length > 0;
	if (name === '') {
		const compares = compareWith !== undefined && compareWith.kind !== 'previous';
		if (compares || gates.some(({ largestDrop }) => largestDrop !== undefined)) throw unknownModel();
		return { ...(judged && { verdict: judgeGates(gates, run) }), recorded: false };
	}
	const { previous, missing } = await findBaseline(runs, run, {
		compareWith: compareWith ?? { kind: 'previous' },
		sameImages,
	});
	if (record) await runs.record(run);
	if (previous !== undefined) requireComparable(gates, run, previous);
	const earlier =
		missing === undefined ? previous && { ...previous, title: `run ${previous.id}` } : { missing };
	return { previous, ...(judged && { verdict: judgeGates(gates, run, earlier) }), recorded: record };
}

function unknownModel(): DinomalyError {
	return new DinomalyError(
		'INPUT_MISSING',
		'Expected the items to name one model of the store, found that they do not, so there is no earlier evaluation to compare with',
		{
			hint: 'Keep the fields "model" and "version" that Score Image gives, or set the gate to a floor only.',
		},
	);
}
