import { compareRuns, type CategoryDifference } from '../compare';
import { defectTypes, type DefectType } from '../defectTypes';
import type { GateVerdict } from '../gate';
import type { EvaluationExample } from '../request';
import type { EvaluationRun } from '../../store/evaluationRun';
import type { ReportData } from './data';
import { findingsOf, type Findings } from './findings';

/** A report for programs: all that the page shows, pictures aside. */
export interface ReportJson extends Findings {
	readonly schemaVersion: 1;
	/** Null without a gate. */
	readonly gate: GateVerdict | null;
	readonly run: EvaluationRun;
	readonly defectTypes: readonly DefectType[];
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
	return {
		schemaVersion: 1,
		...findingsOf(data),
		gate: verdict ?? null,
		run,
		defectTypes: defectTypes(run),
		examples: examples.map(({ file, category, label, anomalous, score, kind, threshold }) => ({
			file,
			category,
			label,
			anomalous,
			score,
			kind,
			threshold,
		})),
		comparison:
			previous === undefined
				? null
				: { run: summaryOf(previous), differences: compareRuns(previous, run) },
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
