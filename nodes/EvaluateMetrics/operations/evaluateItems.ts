import type { NodeOperationError } from 'n8n-workflow';
import { type IExecuteFunctions, type INodeExecutionData, type INodeProperties } from 'n8n-workflow';
import { GOOD_LABELS, readLabel } from '../../../src/evaluation/labels';
import { runOfItems, type ScoredItem } from '../../../src/evaluation/scoredItems';
import type { ModelCard } from '../../../src/store/card';
import { openModelStore } from '../../../src/store/openModelStore';
import type { InspectionZones } from '../../../src/zones/inspectionZones';
import { throwIfCancelled } from '../../shared/cancel';
import { failed } from '../../shared/failure';
import { itemFailure } from '../../shared/items';
import { shownFor } from '../../shared/operation';
import { readStore, storeProperties } from '../../shared/store';
import { commonOptions, finish, outputProperty } from '../finish';
import { examplesOfItems, pictureOptions } from '../itemExamples';
import { reportOptions } from '../report';
import { textAt, valueAt } from '../../shared/valueAt';
import { measuringOptions, readMeasuring } from '../measuring';
import { measurePixels, type ItemPixels } from '../pixels';

export const option = {
	name: 'Evaluate Items',
	value: 'evaluateItems',
	description: 'Measure images that were scored before, against labels that the items carry',
	action: 'Evaluate scored items',
};

export const description: INodeProperties[] = shownFor(option.value, [
	{
		displayName: 'Score Field',
		name: 'scoreField',
		type: 'string',
		default: 'score',
		required: true,
		description: 'Field with the anomaly score, as Score Image gives it; higher means more anomalous',
	},
	{
		displayName: 'Label Field',
		name: 'labelField',
		type: 'string',
		default: 'label',
		required: true,
		description:
			'Field that says what the image really shows: good, or the kind of defect. True and false (is it anomalous), 1 and 0 do as well.',
	},
	{
		displayName: 'Category Field',
		name: 'categoryField',
		type: 'string',
		default: 'category',
		description: 'Field with the category. Items without one count as one category named "all".',
	},
	{
		displayName: 'Measure Pixels',
		name: 'measurePixels',
		type: 'boolean',
		default: false,
		description:
			'Whether to measure how well defects are located too. Items then carry the raw map of Score Image and, for defects, a ground-truth mask; defects wholly outside of the zones of the model are left out.',
	},
	{
		displayName: 'Raw Map Binary Field',
		name: 'rawMapField',
		type: 'string',
		default: 'rawMap',
		required: true,
		description: 'Binary field with the raw anomaly map that Score Image gives when asked',
		displayOptions: { show: { measurePixels: [true] } },
	},
	{
		displayName: 'Mask Binary Field',
		name: 'maskField',
		type: 'string',
		default: 'groundTruth',
		required: true,
		description:
			'Binary field with the ground-truth mask, an image that is not black where the defect is. Good items need none.',
		displayOptions: { show: { measurePixels: [true] } },
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
			measuringOptions.maxFpr,
			{
				displayName: 'File Field',
				name: 'fileField',
				type: 'string',
				default: '',
				placeholder: 'e.g. path',
				description:
					'Field that names the image, by which the same test images are recognised next time. Empty means "path", else "file".',
			},
			{
				displayName: 'Good Labels',
				name: 'goodLabels',
				type: 'string',
				default: GOOD_LABELS.join(', '),
				description: 'Labels that mean a good image, separated by commas; all others are defects',
			},
			pictureOptions.heatmapField,
			pictureOptions.imageField,
			measuringOptions.maskRule,
			measuringOptions.pixelMode,
			commonOptions.record,
			reportOptions.report,
			reportOptions.reportField,
			reportOptions.reportParts,
			commonOptions.sameImages,
			...storeProperties,
		],
	},
]);

/** Category of items that name none. */
const ALL = 'all';

/** One evaluation of all input items. */
export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const started = performance.now();
	const failures: INodeExecutionData[] = [];
	const indices: number[] = [];
	const items: ScoredItem[] = [];
	for (const index of context.getInputData().keys()) {
		try {
			throwIfCancelled(context);
			items.push(readItem(context, index));
			indices.push(index);
		} catch (error) {
			failures.push(itemFailure(context, error, index));
		}
	}
	if (items.length === 0) return failures;
	try {
		const store = await readStore(context, 0);
		const model = modelsOf(context, indices);
		const card = await cardOf(store, model);
		const { pixels, outside } = await readPixels(context, { items, indices, card });
		const run = runOfItems(items, {
			card,
			zones: card && (await zonesOf(store, card)),
			device: single(context, indices, 'device') ?? '',
			...readMeasuring(context, 0),
			pixels,
			outside,
			seconds: (performance.now() - started) / 1000,
		});
		const counted = [...items.keys()].filter((place) => !outside.has(items[place]));
		const examples = await examplesOfItems(context, {
			run,
			items: counted.map((place) => items[place]),
			indices: counted.map((place) => indices[place]),
		});
		const results = await finish(context, 0, { run, examples });
		const pairedItem = indices.map((item) => ({ item }));
		return [...results.map((result) => ({ ...result, pairedItem })), ...failures];
	} catch (error) {
		return [itemFailure(context, error, indices[0]), ...failures];
	}
}

function readItem(context: IExecuteFunctions, index: number): ScoredItem {
	const { json } = context.getInputData()[index];
	const field = (name: string, fallback: string): { name: string; value: unknown } => {
		const path = context.getNodeParameter(name, index, fallback) as string;
		return { name: path, value: valueAt(json, path) };
	};
	const score = field('scoreField', 'score');
	const label = field('labelField', 'label');
	const category = textAt(json, context.getNodeParameter('categoryField', index, 'category') as string);
	const goodLabels = context.getNodeParameter('options.goodLabels', index, GOOD_LABELS.join()) as string;
	const number =
		typeof score.value === 'string' && score.value.trim() !== '' ? Number(score.value) : score.value;
	if (typeof number !== 'number' || !Number.isFinite(number))
		throw wrongField(context, index, {
			...score,
			expected: 'a number, the anomaly score,',
			title: 'Score Field',
		});
	const read = readLabel(label.value, goodLabels.split(','));
	if (read === undefined)
		throw wrongField(context, index, {
			...label,
			expected: 'a label such as good or scratch',
			title: 'Label Field',
		});
	return {
		file: nameOf(context, index),
		category: category ?? ALL,
		...read,
		score: number,
		threshold: typeof json.threshold === 'number' ? json.threshold : null,
		...(json.outOfDistribution === true && { outOfDistribution: true }),
	};
}

/** What the image is called: the chosen field, or what Inspection Dataset and Score Image call it. */
function nameOf(context: IExecuteFunctions, index: number): string {
	const { json } = context.getInputData()[index];
	const chosen = context.getNodeParameter('options.fileField', index, '') as string;
	const names = (chosen === '' ? ['path', 'file'] : [chosen]).map((field) => valueAt(json, field));
	const name = names.find((value) => typeof value === 'string' && value !== '');
	return typeof name === 'string' ? name : `item ${index}`;
}

function wrongField(
	context: IExecuteFunctions,
	index: number,
	{ name, value, expected, title }: { name: string; value: unknown; expected: string; title: string },
): NodeOperationError {
	const found = value === undefined ? 'no such field' : JSON.stringify(value);
	return failed(
		context.getNode(),
		{
			message: `Expected ${expected} in field "${name}", found ${found}`,
			hint: `Set ${title} to the field that has it; dots lead into nested fields.`,
		},
		index,
	);
}

/** The value of a text field, when all items have the same. */
function single(context: IExecuteFunctions, indices: readonly number[], field: string): string | undefined {
	const input = context.getInputData();
	const values = new Set(indices.map((index) => input[index].json[field]));
	const [value] = values;
	return values.size === 1 && typeof value === 'string' && value !== '' ? value : undefined;
}

function modelsOf(
	context: IExecuteFunctions,
	indices: readonly number[],
): { readonly name: string; readonly version: string } | undefined {
	const name = single(context, indices, 'model');
	const version = single(context, indices, 'version');
	return name === undefined || version === undefined ? undefined : { name, version };
}

/** The card of the model that scored the items; undefined when the store does not have it. */
async function cardOf(
	store: string,
	model: { readonly name: string; readonly version: string } | undefined,
): Promise<ModelCard | undefined> {
	if (model === undefined) return undefined;
	try {
		const versions = await openModelStore(store).versions(model.name);
		return versions.find(({ version }) => version === model.version)?.card;
	} catch {
		return undefined; // the figures do not depend on it, only where they are kept
	}
}

/** Where the model that scored the items looks. */
async function zonesOf(store: string, { name, version }: ModelCard): Promise<InspectionZones | undefined> {
	try {
		return (await openModelStore(store).open(`${name}@${version}`)).zones;
	} catch {
		return undefined; // of a model whose files are damaged by now: the figures do not depend on it
	}
}

async function readPixels(
	context: IExecuteFunctions,
	given: {
		readonly items: readonly ScoredItem[];
		readonly indices: readonly number[];
		readonly card: ModelCard | undefined;
	},
): Promise<ItemPixels> {
	if (context.getNodeParameter('measurePixels', 0, false) !== true)
		return { pixels: new Map(), outside: new Set() };
	const { card } = given;
	if (card !== undefined) return measurePixels(context, { ...given, card });
	throw failed(
		context.getNode(),
		{
			message:
				'Expected the items to name one model of the store in "model" and "version", found that they do not',
			hint: 'Pixel metrics need to know how the model crops images: keep these fields of Score Image, and evaluate one model at a time.',
		},
		given.indices[0],
	);
}
