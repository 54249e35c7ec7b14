import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { calibrationFor, DEFAULT_FALSE_ALARM_RATE } from '../../src/routing/calibration';
import type { CalibrationFile } from '../../src/store/calibration';
import { readCalibration } from '../../src/store/calibration';
import { readCard } from '../../src/store/card';
import type { FinishedModel, TrainingJob } from '../../src/jobs/trainingJob';
import type { TrainingJobs } from '../../src/jobs/trainingJobs';

/** What items of trained models need of n8n; a webhook has it too. */
export interface ItemMaker {
	readonly helpers: Pick<IExecuteFunctions['helpers'], 'prepareBinaryData'>;
}

export interface ItemChoices {
	/** Whether card and calibration come along as objects. */
	readonly includeDetails: boolean;
	/** Binary field for the loss curve; empty for none. */
	readonly lossCurveField: string;
}

/** An item for each model that a job has published. */
export async function trainedItems(
	maker: ItemMaker,
	jobs: TrainingJobs,
	job: TrainingJob,
	choices: ItemChoices,
): Promise<INodeExecutionData[]> {
	const items: INodeExecutionData[] = [];
	for (const model of job.models) items.push(await trainedItem(maker, jobs, { job, model }, choices));
	return items;
}

async function trainedItem(
	maker: ItemMaker,
	jobs: TrainingJobs,
	{ job, model }: { readonly job: TrainingJob; readonly model: FinishedModel },
	{ includeDetails, lossCurveField }: ItemChoices,
): Promise<INodeExecutionData> {
	const json = { ...trainedFields(model), jobId: job.id, ...(includeDetails && (await detailsOf(model))) };
	const pairedItem = job.origin.items.map((item) => ({ item }));
	if (lossCurveField === '' || model.lossCurve === undefined) return { json, pairedItem };
	const png = await readFile(join(jobs.folderOf(job.id), model.lossCurve));
	const name = `${model.model}-${model.version}-loss.png`;
	const binary = { [lossCurveField]: await maker.helpers.prepareBinaryData(png, name, 'image/png') };
	return { json, binary, pairedItem };
}

/** What came out of a training, in one flat row. */
function trainedFields(model: FinishedModel): IDataObject {
	const { seconds } = model;
	return {
		model: model.model,
		version: model.version,
		reference: `${model.model}@${model.version}`,
		categories: model.categories.join(', '),
		encoder: model.encoder,
		device: model.device,
		iterations: model.iterations,
		finalLoss: model.finalLoss,
		seconds: seconds.total,
		encodingSeconds: seconds.encoding,
		trainingSeconds: seconds.training,
		trainImages: model.trainImages,
		calibrationImages: model.calibrationImages,
		skippedImages: model.skipped.length,
		skipped: model.skipped.map(({ reason }) => reason).join('\n'),
		notices: model.notices.join('\n'),
		path: model.path,
	};
}

async function detailsOf({ path }: FinishedModel): Promise<IDataObject> {
	const [card, calibration] = await Promise.all([readCard(path), readCalibration(path)]);
	return { card: card as unknown as IDataObject, calibration: calibrationSummary(calibration) };
}

/** By category: how many good images the threshold rests on, how they scored, and the threshold that follows. */
function calibrationSummary(file: CalibrationFile | undefined): IDataObject {
	const summary: IDataObject = {};
	for (const [category, scores] of Object.entries(file?.scores ?? {})) {
		const used = calibrationFor(file, category);
		summary[category] = {
			images: scores.length,
			medianScore: scores.length === 0 ? null : scores[scores.length >> 1],
			largestScore: scores.at(-1) ?? null,
			threshold: used?.threshold.value ?? null,
			thresholdBasis: used?.threshold.basis ?? null,
			falseAlarmRate: DEFAULT_FALSE_ALARM_RATE,
			basedOn: used?.category ?? 'all categories',
		};
	}
	return summary;
}
