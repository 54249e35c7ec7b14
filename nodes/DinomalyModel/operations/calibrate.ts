import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type {
	CalibrateResult,
	CalibrateSource,
	CategoryLimits,
	LabelledScore,
} from '../../../src/calibration/request';
import { readLabel } from '../../../src/evaluation/labels';
import { cancelSignal } from '../../shared/cancel';
import { engineFor } from '../../shared/engine';
import { failed } from '../../shared/failure';
import { readFolder } from '../../shared/folders';
import { forEachItem, itemFailure } from '../../shared/items';
import { modelProperty, readModel } from '../../shared/modelLocator';
import { shownFor } from '../../shared/operation';
import { deviceProperty, readCompute, requireDeviceProperty, threadsProperty } from '../../shared/properties';
import { readStore } from '../../shared/store';
import { openStore, optionsWithStore } from '../storeOptions';
import { policyOptions, readPolicy, thresholdProperties } from '../thresholdRule';

export const option = {
	name: 'Calibrate',
	value: 'calibrate',
	action: 'Calibrate a model',
	description: 'Give a model other thresholds without training it again, as a new version',
};

export const description = shownFor(option.value, [
	modelProperty,
	{
		displayName: 'Calibrate With',
		name: 'calibrateWith',
		type: 'options',
		default: 'model',
		description: 'The scores of known parts that the thresholds rest on',
		options: [
			{
				name: 'Folder of Images',
				value: 'folder',
				description:
					'The test images of a dataset, or a plain folder of good parts; they are scored first',
			},
			{
				name: 'Incoming Scored Items',
				value: 'items',
				description: 'Items of Score Image with a label, all items together',
			},
			{
				name: 'Scores of the Model',
				value: 'model',
				description: 'What was measured when the model was trained or calibrated last',
			},
		],
	},
	{
		displayName: 'Dataset Folder',
		name: 'calibrationFolder',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. inspection/parts',
		description:
			'Folder of the images; a relative path counts from the first folder that n8n allows file access to',
		displayOptions: { show: { calibrateWith: ['folder'] } },
	},
	{
		displayName: 'Label Field',
		name: 'labelField',
		type: 'string',
		default: 'label',
		required: true,
		description:
			'Field that says what a part really is: good, ok or normal, or the kind of its defect; true and false work too, true for a defect',
		displayOptions: { show: { calibrateWith: ['items'] } },
	},
	...thresholdProperties,
	optionsWithStore(deviceProperty, ...policyOptions, requireDeviceProperty, threadsProperty),
]);

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	if (context.getNodeParameter('calibrateWith', 0) === 'items') return calibrateWithItems(context);
	return forEachItem(context, async (_, index) => {
		const folder = context.getNodeParameter('calibrateWith', index) === 'folder';
		const data = folder ? await readFolder(context, index, 'calibrationFolder') : undefined;
		const result = await calibrate(
			context,
			index,
			data === undefined ? undefined : { kind: 'images', data },
		);
		return limitItems(result);
	});
}

/** All items make one calibration: the first one's parameters count. */
async function calibrateWithItems(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const pairedItem = context.getInputData().map((_, item) => ({ item }));
	try {
		const scores = context.getInputData().map((item, index) => labelledScore(context, item, index));
		const result = await calibrate(context, 0, { kind: 'scores', name: 'scored items', scores });
		return limitItems(result).map((item) => ({ ...item, pairedItem }));
	} catch (error) {
		return [itemFailure(context, error, 0)];
	}
}

function labelledScore(
	context: IExecuteFunctions,
	{ json }: INodeExecutionData,
	index: number,
): LabelledScore {
	const field = context.getNodeParameter('labelField', index) as string;
	const { score, category } = json;
	const label = readLabel(json[field]);
	if (typeof score !== 'number') {
		throw failed(
			context.getNode(),
			{
				message: `Expected a number in the field "score", found ${describe(score)}`,
				hint: 'Let Score Image score the images first.',
			},
			index,
		);
	}
	if (label === undefined) {
		throw failed(
			context.getNode(),
			{
				message: `Expected a label in the field "${field}", found ${describe(json[field])}`,
				hint: 'A label is good, ok or normal, the kind of a defect, or true for a defect.',
			},
			index,
		);
	}
	return {
		score,
		category: typeof category === 'string' && category !== '' ? category : 'all',
		anomalous: label.anomalous,
	};
}

async function calibrate(
	context: IExecuteFunctions,
	index: number,
	source: CalibrateSource | undefined,
): Promise<CalibrateResult> {
	const model = readModel(context, index);
	const { calibration } = await (await openStore(context, index)).open(model);
	const request = {
		store: await readStore(context, index),
		model,
		source,
		policy: readPolicy(context, index, calibration?.policy),
		...readCompute(context, index),
	};
	return engineFor(context).calibrate(request, { signal: cancelSignal(context) });
}

/** An item for each category, and one for all together. */
function limitItems({ limits, notices, skipped, ...result }: CalibrateResult): INodeExecutionData[] {
	const common: IDataObject = {
		model: result.model,
		version: result.version,
		reference: `${result.model}@${result.version}`,
		madeFrom: `${result.model}@${result.parentVersion}`,
		skippedImages: skipped.length,
		notices: [...notices, ...skipped.map(({ file, reason }) => `Skipped: ${file}: ${reason}`)].join('\n'),
	};
	return limits.map((limit) => ({ json: { ...limitFields(limit), ...common } }));
}

function limitFields({ category, normal, anomalous, own, ...limit }: CategoryLimits): IDataObject {
	return {
		category: category ?? 'all categories',
		normalImages: normal,
		anomalousImages: anomalous,
		basedOn: own && category !== null ? category : 'all categories',
		threshold: limit.threshold,
		thresholdBasis: limit.basis,
		thresholdExtrapolated: limit.extrapolated,
		reviewThreshold: limit.reviewThreshold,
		pixelThreshold: limit.pixelThreshold,
	};
}

function describe(value: unknown): string {
	return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 40);
}
