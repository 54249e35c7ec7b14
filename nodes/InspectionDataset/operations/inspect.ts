import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { categoryRows, summariseInspection } from '../../../src/dataset/inspectionReport';
import { cancelSignal } from '../../shared/cancel';
import { engineFor } from '../../shared/engine';
import { forEachItem } from '../../shared/items';
import { shownFor } from '../../shared/operation';
import { categoriesProperty, readCategories } from '../categories';
import { readDataFolder } from '../dataFolder';
import { logProgress } from '../progress';

export const option = {
	name: 'Inspect',
	value: 'inspect',
	action: 'Inspect a dataset',
	description:
		'Check a dataset before training: counts, images that cannot be read, masks, sizes, and images that are in train and test',
};

export const description = shownFor(option.value, [
	{
		displayName: 'Output',
		name: 'output',
		type: 'options',
		default: 'summary',
		description: 'What an item stands for',
		options: [
			{
				name: 'One Item',
				value: 'summary',
				description: 'The whole dataset in one item',
			},
			{
				name: 'One Item per Category',
				value: 'categories',
				description: 'An item for each category',
			},
		],
	},
	{
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add option',
		default: {},
		options: [
			categoriesProperty,
			{
				displayName: 'Read Headers Only',
				name: 'headersOnly',
				type: 'boolean',
				default: false,
				description:
					'Whether to read only the beginning of each image, which is faster but does not notice one that is cut short',
			},
		],
	},
]);

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const engine = engineFor(context);
	return forEachItem(context, async (_, index) => {
		const request = {
			dir: await readDataFolder(context, index),
			categories: readCategories(context, index, 'options'),
			headersOnly: context.getNodeParameter('options.headersOnly', index, false) as boolean,
		};
		const inspection = await engine.inspectDataset(request, {
			signal: cancelSignal(context),
			onProgress: logProgress(context, 'inspecting the dataset, file'),
		});
		const perCategory = context.getNodeParameter('output', index, 'summary') === 'categories';
		const rows = perCategory ? categoryRows(inspection) : [summariseInspection(inspection)];
		return rows.map((row) => ({ json: { ...row }, pairedItem: { item: index } }));
	});
}
