import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import { runOf } from '../../../src/evaluation/run';
import { cancelSignal } from '../../shared/cancel';
import { remarkDevice } from '../../shared/deviceHint';
import { engineAt } from '../../shared/engine';
import { readFolder } from '../../shared/folders';
import { addHintOnce } from '../../shared/hints';
import { forEachItem } from '../../shared/items';
import { modelProperty, readModel } from '../../shared/modelLocator';
import { shownFor } from '../../shared/operation';
import { deviceProperty, readCompute, requireDeviceProperty, threadsProperty } from '../../shared/properties';
import { readStore, storeProperties } from '../../shared/store';
import { engineWorkersProperty } from '../../shared/workers';
import { commonOptions, examplesFor, finish, outputProperty, verifyGate } from '../finish';
import { measuringOptions, readMeasuring } from '../measuring';
import { reportOptions } from '../report';

export const option = {
	name: 'Evaluate Dataset',
	value: 'evaluateDataset',
	description: 'Score the test images of a dataset folder with a model and measure the result',
	action: 'Evaluate a model on a dataset',
};

export const description: INodeProperties[] = shownFor(option.value, [
	modelProperty,
	{
		displayName: 'Dataset Folder',
		name: 'dataFolder',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. inspection/sample',
		description:
			'Folder with test images. A relative path counts from the first folder that n8n allows file access to (by default .n8n-files in the home folder).',
	},
	outputProperty,
]);

export const options: INodeProperties[] = shownFor(option.value, [
	{
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add option',
		default: {},
		options: [
			{
				displayName: 'Categories',
				name: 'categories',
				type: 'string',
				default: '',
				placeholder: 'e.g. bottle, cable',
				description: 'Categories to evaluate, separated by commas. All when empty.',
			},
			measuringOptions.maxFpr,
			engineWorkersProperty,
			deviceProperty,
			measuringOptions.maskRule,
			measuringOptions.pixelMode,
			commonOptions.record,
			reportOptions.report,
			reportOptions.reportField,
			reportOptions.reportParts,
			requireDeviceProperty,
			commonOptions.sameImages,
			...storeProperties,
			threadsProperty,
		],
	},
]);

/** One evaluation for each input item. */
export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	return forEachItem(context, async (_item, index) => {
		const model = readModel(context, index);
		const compute = readCompute(context, index);
		await verifyGate(context, index, model);
		const engine = await engineAt(context, index);
		const result = await engine.evaluate(
			{
				store: await readStore(context, index),
				model,
				data: await readFolder(context, index, 'dataFolder'),
				categories: readCategories(context, index),
				...readMeasuring(context, index),
				examples: examplesFor(context, index),
				...compute,
			},
			{ signal: cancelSignal(context) },
		);
		for (const { file, reason } of result.failures)
			addHintOnce(context, `Left out ${file}: ${reason}`, { type: 'warning' });
		for (const notice of result.notices) addHintOnce(context, notice);
		remarkDevice(context, compute.device, result.device);
		return finish(context, index, { run: runOf(result), examples: result.examples });
	});
}

/** The categories that the option names; undefined for all. An expression may give a list. */
function readCategories(context: IExecuteFunctions, index: number): string[] | undefined {
	const value: unknown = context.getNodeParameter('options.categories', index, '');
	const given: unknown[] = Array.isArray(value) ? value : String(value).split(',');
	const names = given.map((name) => String(name).trim()).filter((name) => name !== '');
	return names.length === 0 ? undefined : names;
}
