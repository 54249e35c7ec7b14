import type { IDataObject, IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import type { IncomingFile } from '../../../src/dataset/intake';
import { cancelSignal } from '../../shared/cancel';
import { categoryProperties, readCategory } from '../../shared/category';
import { engineFor } from '../../shared/engine';
import { addHintOnce } from '../../shared/hints';
import { findImage, readImage, type ItemImage } from '../../shared/images';
import { forEachItem } from '../../shared/items';
import { shownFor } from '../../shared/operation';
import { binaryFieldProperty } from '../../shared/properties';
import { readDataFolder } from '../dataFolder';
import { logProgress } from '../progress';

interface Options {
	readonly fileName?: string;
	readonly onDuplicate?: 'skip' | 'fail';
	readonly maskField?: string;
}

export const option = {
	name: 'Add Images',
	value: 'addImages',
	action: 'Add images to a dataset',
	description:
		'Put the image of each item into the dataset, once: an image that is there already is recognised by its content',
};

/** Nothing was added, and what the dataset says about the image is not what the item says. */
const CONFLICT_HINT =
	'The dataset has some of these images already, under another category, split or label, and keeps them there: see "conflict" and "duplicateOf". To move one, delete its file first.';

export const description = shownFor(option.value, [
	binaryFieldProperty,
	...categoryProperties.map(forNewImages),
	{
		displayName: 'Split',
		name: 'split',
		type: 'options',
		default: 'train',
		description: 'What the image is for',
		options: [
			{ name: 'Test', value: 'test', description: 'To measure the model with: good parts and defects' },
			{ name: 'Train', value: 'train', description: 'To learn what good parts look like' },
		],
	},
	{
		displayName: 'Label',
		name: 'label',
		type: 'string',
		default: 'good',
		required: true,
		placeholder: 'e.g. good or scratch',
		description: '"good" (also "ok" or "normal"), or the kind of defect; training images must be good',
	},
	{
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add option',
		default: {},
		options: [
			{
				displayName: 'File Name',
				name: 'fileName',
				type: 'string',
				default: '',
				placeholder: 'e.g. line1-0001.png',
				description:
					'Name in the dataset, that of the incoming file when empty; what is not safe in a file name is replaced, and a name that is taken gets the start of the content hash behind it',
			},
			{
				displayName: 'If Image Exists',
				name: 'onDuplicate',
				type: 'options',
				default: 'skip',
				description:
					'What to do when the dataset has an image of the same content, in any category and split',
				options: [
					{ name: 'Fail', value: 'fail', description: 'The item fails' },
					{
						name: 'Skip',
						value: 'skip',
						description: 'The item says added: false, and in duplicateOf which image it is',
					},
				],
			},
			{
				displayName: 'Mask Binary Field',
				name: 'maskField',
				type: 'string',
				default: '',
				placeholder: 'e.g. mask',
				description:
					'Binary field with the mask of the defect: an image of the same size, above 0 where the defect is; items without that field get no mask',
			},
		],
	},
]);

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const engine = engineFor(context);
	return forEachItem(context, async (_, index) => {
		const dir = await readDataFolder(context, index);
		const options = context.getNodeParameter('options', index, {}) as Options;
		const { fileName = '', maskField = '', onDuplicate } = options;
		const incoming = await readImage(
			context,
			index,
			context.getNodeParameter('binaryPropertyName', index, 'data'),
		);
		const image = {
			name: fileName.trim() === '' ? incoming.name : fileName,
			bytes: incoming.bytes,
			category: categoryOf(context, index, incoming),
			split: context.getNodeParameter('split', index, 'train') as string,
			label: context.getNodeParameter('label', index, 'good') as string,
			mask: await readMask(context, index, maskField.trim()),
		};
		const added = await engine.addImage(
			{ dir, image, onDuplicate },
			{
				signal: cancelSignal(context),
				onProgress: logProgress(context, 'reading the images that the dataset has, image'),
			},
		);
		if (added.conflict) addHintOnce(context, CONFLICT_HINT, { type: 'warning' });
		return { json: { ...added } as unknown as IDataObject };
	});
}

/** A new image has a category in any case, and one that no model need know. */
function forNewImages(property: INodeProperties): INodeProperties {
	if (property.name === 'categorySource') {
		return {
			...property,
			default: 'fixed',
			description: 'Which kind of product the image shows',
			options: [
				{
					name: 'Fixed Value or Expression',
					value: 'fixed',
					description: 'Give the category here; an expression is read for each item',
				},
				{
					name: 'Item Field',
					value: 'field',
					description: 'Take the category from a field of the item',
				},
			],
		};
	}
	if (property.name !== 'category') return property;
	return { ...property, description: 'Kind of product that the image shows, a folder of the dataset' };
}

function categoryOf(context: IExecuteFunctions, index: number, { field }: ItemImage): string {
	const { data } = findImage(context, index, field);
	const hint =
		'Give the kind of product that the image shows: letters, digits, single spaces, dots, hyphens.';
	return readCategory(context, index, { image: data, hint }) ?? '';
}

async function readMask(
	context: IExecuteFunctions,
	index: number,
	field: string,
): Promise<IncomingFile | undefined> {
	if (field === '') return undefined;
	const mask = context.getInputData()[index].binary?.[field];
	if (mask === undefined) {
		addHintOnce(context, `Some items have no binary field "${field}" and were added without a mask.`);
		return undefined;
	}
	const bytes = await context.helpers.getBinaryDataBuffer(index, field);
	return { name: mask.fileName ?? `the mask in "${field}"`, bytes };
}
