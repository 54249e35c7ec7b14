import { DinomalyError } from '../errors';
import type { EvaluationRun } from '../store/evaluationRun';
import type { EvaluationRuns } from '../store/evaluationRuns';
import { judgeGate, type GateRule, type GateVerdict } from './gate';

export interface ConcludeOptions {
	/** Absent when there is no gate. */
	readonly gate?: GateRule;
	/** Run that this one is held against; the newest earlier one of the same model when absent. */
	readonly compareRun?: string;
	/** Whether the newest earlier run must be of the same test images; it always is of the same kind. */
	readonly sameImages?: boolean;
	/** Whether to store the run. */
	readonly record?: boolean;
}

export interface Conclusion {
	readonly previous?: EvaluationRun;
	readonly verdict?: GateVerdict;
	readonly recorded: boolean;
}

/**
 * Holds a run against the one before and against the gate, and stores it. A run that fails its gate is stored too: it is a measurement
 * like any other.
 *
 * @throws DinomalyError INPUT_MISSING when the named run is not there, or when a comparison is asked for and the model is not known
 */
export async function concludeRun(
	runs: EvaluationRuns,
	run: EvaluationRun,
	{ gate, compareRun, sameImages = true, record = true }: ConcludeOptions = {},
): Promise<Conclusion> {
	const { name } = run.model;
	if (name === '') {
		if (compareRun !== undefined || gate?.largestDrop !== undefined) throw unknownModel();
		return { verdict: gate && judgeGate(gate, run), recorded: false };
	}
	const previous =
		compareRun === undefined
			? await runs.newest(name, {
					source: run.source,
					before: run.id,
					...(sameImages && { fingerprint: run.dataset.fingerprint }),
				})
			: await runs.read(name, compareRun);
	const verdict = gate && judgeGate(gate, run, previous && { ...previous, title: `run ${previous.id}` });
	if (record) await runs.record(run);
	return { previous, verdict, recorded: record };
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
