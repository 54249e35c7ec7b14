import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import { judgeDrift, type RecentImages } from '../../../src/evaluation/drift/judge';
import { driftReference } from '../../../src/evaluation/drift/reference';
import type { DriftReport } from '../../../src/evaluation/drift/report';
import type { ImageStatistics } from '../../../src/imaging/statistics';
import { openModelStore } from '../../../src/store/openModelStore';
import type { OpenedModel } from '../../../src/store/modelStore';
import { cancelSignal, throwIfCancelled } from '../../shared/cancel';
import { engineFor } from '../../shared/engine';
import { failed } from '../../shared/failure';
import { readFolder } from '../../shared/folders';
import { addHintOnce } from '../../shared/hints';
import { readImage } from '../../shared/images';
import { forEachItem, itemFailure } from '../../shared/items';
import { modelProperty, readModel } from '../../shared/modelLocator';
import { shownFor } from '../../shared/operation';
import { deviceProperty, readCompute, requireDeviceProperty, threadsProperty } from '../../shared/properties';
import { readStore, storeProperties } from '../../shared/store';
import { textAt, valueAt } from '../../shared/valueAt';

export const option = {
	name: 'Check Drift',
	value: 'checkDrift',
	description: 'Say whether recent production images still look like those the model was calibrated with',
	action: 'Check recent images for drift',
};

const FROM_FOLDER = { driftSource: ['folder'] };
const FROM_ITEMS = { driftSource: ['items'] };

export const description: INodeProperties[] = shownFor(option.value, [
	modelProperty,
	{
		displayName: 'Recent Images From',
		name: 'driftSource',
		type: 'options',
		default: 'folder',
		description: 'Where the recent images, or their scores, come from',
		options: [
			{
				name: 'Folder',
				value: 'folder',
				description: 'The images of a folder are scored and measured',
			},
			{
				name: 'Scored Items',
				value: 'items',
				description: 'All input items make one sample; they carry the scores that Score Image gave',
			},
		],
	},
	{
		displayName: 'Image Folder',
		name: 'imageFolder',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. inspection/incoming',
		description:
			'Folder with recent images, at any depth. A relative path counts from the first folder that n8n allows file access to (by default .n8n-files in the home folder).',
		displayOptions: { show: FROM_FOLDER },
	},
	{
		displayName: 'Category',
		name: 'driftCategory',
		type: 'string',
		default: '',
		placeholder: 'e.g. bottle',
		description:
			'Category that the images show, whose calibration they are held against. All categories together when empty.',
		displayOptions: { show: FROM_FOLDER },
	},
	{
		displayName: 'Score Field',
		name: 'scoreField',
		type: 'string',
		default: 'score',
		required: true,
		description: 'Field with the anomaly score, as Score Image gives it',
		displayOptions: { show: FROM_ITEMS },
	},
	{
		displayName: 'Category Field',
		name: 'categoryField',
		type: 'string',
		default: 'category',
		description:
			'Field with the category. Each category is checked by itself; items without one are held against all categories together.',
		displayOptions: { show: FROM_ITEMS },
	},
	{
		displayName: 'Measure Images',
		name: 'measureImages',
		type: 'boolean',
		default: false,
		description:
			'Whether to check brightness, contrast, sharpness and size too. Items then carry the image as binary data.',
		displayOptions: { show: FROM_ITEMS },
	},
	{
		displayName: 'Input Binary Field',
		name: 'binaryPropertyName',
		type: 'string',
		default: 'data',
		required: true,
		hint: 'The name of the input field containing the image; the first image is taken when there is no such field',
		displayOptions: { show: { ...FROM_ITEMS, measureImages: [true] } },
	},
]);

export const options: INodeProperties[] = shownFor(option.value, [
	{
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add option',
		default: {},
		options: [
			deviceProperty,
			{
				displayName: 'Newest Images',
				name: 'newest',
				type: 'number',
				typeOptions: { minValue: 0, numberPrecision: 0 },
				default: 0,
				description: 'Of a folder, only so many of the images changed last; 0 means all',
			},
			requireDeviceProperty,
			...storeProperties,
			threadsProperty,
		],
	},
]);

/** Images that travel to the engine at once: all of a day's would not fit into memory. */
const CHUNK = 16;

/** One check for each input item (folder), or for each category of all items (scored items). */
export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	if (context.getNodeParameter('driftSource', 0, 'folder') === 'items') return checkItems(context);
	return forEachItem(context, async (_item, index) => checkFolder(context, index));
}

async function checkFolder(context: IExecuteFunctions, index: number): Promise<INodeExecutionData> {
	const store = await readStore(context, index);
	const opened = await openModelStore(store).open(readModel(context, index));
	const category = (context.getNodeParameter('driftCategory', index, '') as string).trim();
	const reference = driftReference(opened, category === '' ? null : category);
	const newest = context.getNodeParameter('options.newest', index, 0) as number;
	const { images, failures, notices } = await engineFor(context).measureImages(
		{
			store,
			model: `${opened.name}@${opened.version}`,
			category: category === '' ? null : category,
			from: { folder: await readFolder(context, index, 'imageFolder') },
			...(newest > 0 && { newest }),
			...readCompute(context, index),
		},
		{ signal: cancelSignal(context) },
	);
	for (const { file, error } of failures)
		addHintOnce(context, `Left out ${file}: ${error.message}`, { type: 'warning' });
	for (const notice of notices) addHintOnce(context, notice);
	const scores = images.flatMap(({ score }) => (score === null ? [] : [score]));
	const statistics = images.map((image) => image.statistics);
	return told(context, opened, judgeDrift({ scores, statistics }, reference), failures.length);
}

async function checkItems(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const failures: INodeExecutionData[] = [];
	const groups = new Map<string | null, number[]>();
	for (const index of context.getInputData().keys()) {
		try {
			throwIfCancelled(context);
			readScore(context, index);
			const category = categoryOf(context, index);
			groups.set(category, [...(groups.get(category) ?? []), index]);
		} catch (error) {
			failures.push(itemFailure(context, error, index));
		}
	}
	const results: INodeExecutionData[] = [];
	for (const [category, indices] of groups) {
		try {
			const opened = await openModelStore(await readStore(context, indices[0])).open(
				readModel(context, indices[0]),
			);
			const recent = await readRecent(context, indices, { opened, category });
			const report = judgeDrift(recent, driftReference(opened, category));
			const pairedItem = indices.map((item) => ({ item }));
			results.push({ ...told(context, opened, report, 0), pairedItem });
		} catch (error) {
			results.push(itemFailure(context, error, indices[0]));
		}
	}
	return [...results, ...failures];
}

async function readRecent(
	context: IExecuteFunctions,
	indices: readonly number[],
	{ opened, category }: { readonly opened: OpenedModel; readonly category: string | null },
): Promise<RecentImages> {
	const scores = indices.map((index) => readScore(context, index));
	if (context.getNodeParameter('measureImages', 0, false) !== true) return { scores, statistics: [] };
	const statistics: ImageStatistics[] = [];
	const store = await readStore(context, indices[0]);
	for (let start = 0; start < indices.length; start += CHUNK) {
		throwIfCancelled(context);
		const images = await Promise.all(
			indices.slice(start, start + CHUNK).map((index) => {
				const field = context.getNodeParameter('binaryPropertyName', index, 'data');
				return readImage(context, index, field);
			}),
		);
		const found = await engineFor(context).measureImages(
			{ store, zonesOf: `${opened.name}@${opened.version}`, category, from: { images } },
			{ signal: cancelSignal(context) },
		);
		statistics.push(...found.images.map((image) => image.statistics));
		for (const { file, error } of found.failures)
			addHintOnce(context, `Left out ${file}: ${error.message}`, { type: 'warning' });
	}
	return { scores, statistics };
}

function readScore(context: IExecuteFunctions, index: number): number {
	const field = context.getNodeParameter('scoreField', index, 'score') as string;
	const value = valueAt(context.getInputData()[index].json, field);
	const score = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
	if (typeof score === 'number' && Number.isFinite(score)) return score;
	const found = value === undefined ? 'no such field' : JSON.stringify(value);
	throw failed(
		context.getNode(),
		{
			message: `Expected a number, the anomaly score, in field "${field}", found ${found}`,
			hint: 'Set Score Field to the field that has it; dots lead into nested fields.',
		},
		index,
	);
}

function categoryOf(context: IExecuteFunctions, index: number): string | null {
	const field = context.getNodeParameter('categoryField', index, 'category') as string;
	return textAt(context.getInputData()[index].json, field) ?? null;
}

/** The verdict as a flat item, with what it rests on. */
function told(
	context: IExecuteFunctions,
	{ name, version }: OpenedModel,
	report: DriftReport,
	skippedImages: number,
): INodeExecutionData {
	for (const notice of report.notices) addHintOnce(context, notice);
	const { verdict, reason, category, images, calibrationImages, checks, size, alarms, notices } = report;
	const columns: [string, string | number][] = checks.flatMap(
		({ measure, ks, adjustedPValue, psi, change, medianBefore, medianNow }) => [
			[`${measure}Change`, change],
			[`${measure}Median`, medianNow],
			[`${measure}MedianAtCalibration`, medianBefore],
			[`${measure}Ks`, ks.statistic],
			[`${measure}PValue`, adjustedPValue],
			[`${measure}Psi`, psi.value],
		],
	);
	return {
		json: {
			verdict,
			reason,
			drifted: verdict === 'drift',
			category,
			images,
			calibrationImages,
			...Object.fromEntries<string | number>(columns),
			unseenSizes: size?.unseen ?? null,
			alarms: alarms?.count ?? null,
			alarmRate: alarms?.rate ?? null,
			thresholdBasis: alarms?.thresholdBasis ?? null,
			skippedImages,
			notices: notices.join('; '),
			model: name,
			version,
			checkedAt: new Date().toISOString(),
		},
	};
}
