import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import { cancelSignal } from '../../shared/cancel';
import { engineFor } from '../../shared/engine';
import { forEachItem } from '../../shared/items';
import { shownFor } from '../../shared/operation';
import { inPanelWords } from '../../shared/panelWords';
import { seedProperty } from '../../shared/properties';
import { readDataFolder } from '../dataFolder';
import { logProgress } from '../progress';

interface Options {
	readonly seed?: number;
	readonly trainPerCategory?: number;
	readonly testGoodPerCategory?: number;
	readonly imagesPerDefect?: number;
	readonly side?: number;
	readonly ifSampleExists?: 'keep' | 'redraw';
}

export const option = {
	name: 'Create Sample',
	value: 'createSample',
	action: 'Create a sample dataset',
	description: 'Draw three products with and without defects into a folder, to try everything on',
};

const count: Omit<INodeProperties, 'displayName' | 'name' | 'default' | 'description'> = {
	type: 'number',
	typeOptions: { minValue: 0, maxValue: 10000, numberPrecision: 0 },
};

const sampleOptions: INodeProperties[] = [
	{
		...count,
		displayName: 'Good Test Images per Category',
		name: 'testGoodPerCategory',
		default: 20,
		description: 'How many normal images to draw for testing',
	},
	{
		displayName: 'If Sample Exists',
		name: 'ifSampleExists',
		type: 'options',
		default: 'keep',
		description: 'What to do when the folder has a sample already',
		options: [
			{
				name: 'Draw Again',
				value: 'redraw',
				description: 'Replace its pictures; images that were added to it stay',
			},
			{
				name: 'Keep If Same',
				value: 'keep',
				description: 'Keep it when it is whole and was drawn with the same options, else draw again',
			},
		],
	},
	{
		...count,
		displayName: 'Image Side',
		name: 'side',
		typeOptions: { minValue: 64, maxValue: 2048, numberPrecision: 0 },
		default: 320,
		description: 'Width and height of the images in pixels',
	},
	{
		...count,
		displayName: 'Images per Defect',
		name: 'imagesPerDefect',
		default: 8,
		description: 'How many test images to draw for each of the five kinds of defects of a product',
	},
	{
		...seedProperty,
		description: 'Another seed draws other pieces; the same seed draws the same pixels',
	},
	{
		...count,
		displayName: 'Training Images per Category',
		name: 'trainPerCategory',
		default: 80,
		description: 'How many normal images to draw for training',
	},
];

export const description = shownFor(option.value, [
	{
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add option',
		default: {},
		options: sampleOptions,
	},
]);

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const engine = engineFor(context);
	return forEachItem(context, async (_, index) => {
		const dir = await readDataFolder(context, index);
		const { ifSampleExists, ...options } = context.getNodeParameter('options', index, {}) as Options;
		const { categories, files, drawn } = await engine
			.drawSample(
				{ dir, ...options, keep: ifSampleExists !== 'redraw' },
				{
					signal: cancelSignal(context),
					onProgress: logProgress(context, 'drawing the sample, picture'),
				},
			)
			.catch((error: unknown) => {
				throw inPanelWords(error, sampleOptions);
			});
		return {
			json: {
				folder: dir,
				categories: categories.length,
				categoryNames: categories.join(', '),
				files,
				drawn,
			},
		};
	});
}
