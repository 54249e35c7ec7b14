import type { CategoryDifference } from '../compare';
import type { GateVerdict } from '../gate';
import type { EvaluationExample } from '../request';
import type { EvaluationRun } from '../../store/evaluationRun';
import type { ReportData } from './data';
import { findingsOf, type Findings } from './findings';

/** A report for programs: all that the page shows, pictures aside. */
export interface ReportJson extends Omit<Findings, 'differences'> {
	readonly schemaVersion: 1;
	/** Null without a gate. */
	readonly gate: GateVerdict | null;
	readonly run: EvaluationRun;
	readonly examples: readonly Omit<EvaluationExample, 'picture' | 'heatmap' | 'truth'>[];
	/** Null without an earlier run. */
	readonly comparison: {
		readonly run: Pick<EvaluationRun, 'id' | 'created' | 'model' | 'dataset' | 'mean'>;
		/** Whether image AUROC changed by more than chance, by category. */
		readonly differences: readonly CategoryDifference[];
	} | null;
}

export function reportJson(data: ReportData): ReportJson {
	const { run, previous, verdict, examples } = data;
	const { differences, ...findings } = findingsOf(data);
	return {
		schemaVersion: 1,
		...findings,
		gate: verdict ?? null,
		run,
		examples: examples.map(({ file, category, label, anomalous, score, kind, threshold }) => ({
			file,
			category,
			label,
			anomalous,
			score,
			kind,
			threshold,
		})),
		comparison: previous === undefined ? null : { run: summaryOf(previous), differences },
	};
}

function summaryOf({
	id,
	created,
	model,
	dataset,
	mean,
}: EvaluationRun): NonNullable<ReportJson['comparison']>['run'] {
	return { id, created, model, dataset, mean };
}
