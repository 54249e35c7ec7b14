import type { EvaluationRun } from '../../store/evaluationRun';
import type { GateVerdict } from '../gate';
import type { EvaluationExample } from '../request';

/** All that a report shows. */
export interface ReportData {
	readonly run: EvaluationRun;
	/** The earlier run that this one is held against. */
	readonly previous?: EvaluationRun;
	/** Absent when there is no gate. */
	readonly verdict?: GateVerdict;
	readonly examples: readonly EvaluationExample[];
	/** Image AUROC that the gate asks of every category, when it does. */
	readonly floor?: number;
}
