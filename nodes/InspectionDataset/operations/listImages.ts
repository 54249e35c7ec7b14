import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import type { IBinaryKeyData, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { Dataset, ImageEntry } from '../../../src/dataset/dataset';
import type { ImageHeader } from '../../../src/dataset/inspect';
import { selectImages, type ImageSelection } from '../../../src/dataset/select';
import { scanDataset } from '../../../src/dataset/scan';
import { cancelSignal, throwIfCancelled } from '../../shared/cancel';
import { engineFor } from '../../shared/engine';
import { addHintOnce } from '../../shared/hints';
import { forEachItem } from '../../shared/items';
import { shownFor } from '../../shared/operation';
import { categoriesProperty, readCategories } from '../categories';
import { readDataFolder } from '../dataFolder';

/** Labels that the hint about an empty list names. */
const NAMED_LABELS = 12;

interface Options {
	readonly after?: string;
	readonly includeSize?: boolean;
	readonly outputField?: string;
	readonly maskOutputField?: string;
}

interface Include {
	readonly image: string | null;
	readonly mask: string | null;
}

export const option = {
	name: 'List Images',
	value: 'listImages',
	action: 'List the images of a dataset',
	description: 'Get an item for each image of a dataset, with the image itself when asked',
};

export const description = shownFor(option.value, [
	{
		displayName: 'Return All',
		name: 'returnAll',
		type: 'boolean',
		default: false,
		description: 'Whether to return all results or only up to a given limit',
	},
	{
		displayName: 'Limit',
		name: 'limit',
		type: 'number',
		typeOptions: { minValue: 1, numberPrecision: 0 },
		default: 50,
		description: 'Max number of results to return',
		displayOptions: { show: { returnAll: [false] } },
	},
	{
		displayName: 'Include Images',
		name: 'includeImages',
		type: 'boolean',
		default: false,
		description: 'Whether to add the image itself to each item, as binary data',
	},
	{
		displayName: 'Include Masks',
		name: 'includeMasks',
		type: 'boolean',
		default: false,
		description: 'Whether to add the mask of the defect as well, where there is one',
		displayOptions: { show: { includeImages: [true] } },
	},
	{
		displayName: 'Filters',
		name: 'filters',
		type: 'collection',
		placeholder: 'Add filter',
		default: {},
		options: [
			categoriesProperty,
			{
				displayName: 'Labels',
				name: 'labels',
				type: 'string',
				default: '',
				placeholder: 'e.g. scratch, dent',
				description:
					'Labels to list, separated by commas: "good", kinds of defects, or "anomalous" for all defects; all when empty',
			},
			{
				displayName: 'Split',
				name: 'split',
				type: 'options',
				default: 'all',
				description: 'Which part of the dataset to list',
				options: [
					{ name: 'Test', value: 'test' },
					{ name: 'Train', value: 'train' },
					{ name: 'Train and Test', value: 'all' },
				],
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
			{
				displayName: 'After',
				name: 'after',
				type: 'string',
				default: '',
				placeholder: 'e.g. bottle/train/good/041.png',
				description:
					'To read page by page: list the images that come after this one, given as "path" of the last item of the page before',
			},
			{
				displayName: 'Include Size',
				name: 'includeSize',
				type: 'boolean',
				default: false,
				description: 'Whether to add width, height and format, for which each file is opened',
			},
			{
				displayName: 'Put Image in Field',
				name: 'outputField',
				type: 'string',
				default: 'data',
				description: 'Binary field for the image',
			},
			{
				displayName: 'Put Mask in Field',
				name: 'maskOutputField',
				type: 'string',
				default: 'mask',
				description: 'Binary field for the mask',
			},
		],
	},
]);

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	return forEachItem(context, async (_, index) => {
		const dir = await readDataFolder(context, index);
		const options = context.getNodeParameter('options', index, {}) as Options;
		const signal = cancelSignal(context);
		const selection = readSelection(context, index, options.after);
		const dataset = await scanDataset(dir, { categories: selection.categories, signal });
		const images = selectImages(dataset, selection);
		const files = images.map(({ path }) => path);
		if (images.length === 0) remarkNothing(context, dataset, selection);
		const headers =
			options.includeSize === true ? await engineFor(context).imageHeaders({ files }, { signal }) : [];
		const include = readInclude(context, index, options);
		const items: INodeExecutionData[] = [];
		for (const [i, image] of images.entries()) {
			throwIfCancelled(context);
			items.push({
				json: {
					...describe(image),
					...(options.includeSize === true && sizeOf(headers[i])),
				},
				...(include.image !== null && { binary: await readBinary(context, image, include) }),
				pairedItem: { item: index },
			});
		}
		return items;
	});
}

function readSelection(context: IExecuteFunctions, index: number, after: string | undefined): ImageSelection {
	const labels = context.getNodeParameter('filters.labels', index, '') as string;
	const split = context.getNodeParameter('filters.split', index, 'all') as 'all' | 'train' | 'test';
	const returnAll = context.getNodeParameter('returnAll', index, false);
	return {
		categories: readCategories(context, index, 'filters'),
		labels: labels
			.split(',')
			.map((label) => label.trim())
			.filter((label) => label !== ''),
		...(split !== 'all' && { split }),
		...(after !== undefined && after !== '' && { after }),
		...(!returnAll && { limit: context.getNodeParameter('limit', index, 50) }),
	};
}

/** A list that is empty by mistake looks like one that is empty. A page after the last one is empty as it should be. */
function remarkNothing(context: IExecuteFunctions, dataset: Dataset, selection: ImageSelection): void {
	const wanted = selectImages(dataset, { ...selection, after: undefined });
	if (wanted.length > 0) return;
	const all = dataset.categories.flatMap(({ train, test }) => [...train, ...test]);
	const labels = [...new Set(all.map(({ split, label }) => `${label} (${split})`))].sort();
	addHintOnce(
		context,
		all.length === 0
			? 'The dataset folder has no images.'
			: `No image passes the filters. The labels of the dataset: ${labels.slice(0, NAMED_LABELS).join(', ')}.`,
	);
}

function readInclude(context: IExecuteFunctions, index: number, options: Options): Include {
	const withImages = context.getNodeParameter('includeImages', index, false) as boolean;
	const withMasks = withImages && (context.getNodeParameter('includeMasks', index, false) as boolean);
	return {
		image: withImages ? (options.outputField ?? 'data') : null,
		mask: withMasks ? (options.maskOutputField ?? 'mask') : null,
	};
}

function describe({ path, relativePath, category, split, label, anomalous, maskPath }: ImageEntry) {
	return { path: relativePath, file: path, category, split, label, anomalous, maskFile: maskPath };
}

/** Empty for a file that is no image, as a table has it. */
function sizeOf(header: ImageHeader | null) {
	return { width: header?.width ?? null, height: header?.height ?? null, format: header?.format ?? null };
}

async function readBinary(
	context: IExecuteFunctions,
	{ path, maskPath }: ImageEntry,
	include: Include,
): Promise<IBinaryKeyData> {
	const binary: IBinaryKeyData = {};
	const read = (file: string) => context.helpers.prepareBinaryData(createReadStream(file), basename(file));
	if (include.image !== null) binary[include.image] = await read(path);
	if (include.mask !== null && maskPath !== null) binary[include.mask] = await read(maskPath);
	return binary;
}
