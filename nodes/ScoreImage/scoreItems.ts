import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { ImageScore, ScoreOutcome, ScoreRequest } from '../../src/scoring/request';
import { cancelSignal, throwIfCancelled } from '../shared/cancel';
import { readCategory } from '../shared/category';
import { remarkDevice } from '../shared/deviceHint';
import { engineAt } from '../shared/engine';
import { failed } from '../shared/failure';
import { addHintOnce } from '../shared/hints';
import { findImage, readImage, type ItemImage } from '../shared/images';
import { itemFailure } from '../shared/items';
import { readModel } from '../shared/modelLocator';
import { readCompute, readPrecision } from '../shared/properties';
import { readStore } from '../shared/store';
import { isOnWorkers } from '../shared/workers';
import { readServedBy } from './inferenceServer';
import { readBatching, readOutputChoice, type OutputChoice } from './scoreOptions';
import { scoredItem } from './scoredItem';

type Settings = Omit<ScoreRequest, 'images'>;

/** What an item asks for. */
interface Plan {
	readonly index: number;
	readonly settings: Settings;
	readonly choice: OutputChoice;
}

/** Items that ask for the same, in their order. */
type Group = readonly Plan[];

/** Images that go to an engine together: enough to keep it busy, few enough for n8n's memory with large pictures. */
const WINDOW = 8;
/** Windows at a time where several workers may share them, and where a device computes images together. */
const WINDOWS_ON_WORKERS = 4;
const WINDOWS_ON_DEVICE = 2;

/**
 * Scores every item and gives the results in the order of the input. Items with the same settings go to the engine as one stream; while it
 * works on some images, the next ones are read. An image that fails becomes an error item, or ends the node, as n8n's setting says.
 */
export async function scoreItems(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const results = new Map<number, INodeExecutionData>();
	const plans: Plan[] = [];
	for (const index of context.getInputData().keys()) {
		try {
			plans.push(await readPlan(context, index));
		} catch (error) {
			results.set(index, itemFailure(context, error, index));
		}
	}
	for (const group of groupBySettings(plans)) await scoreGroup(context, group, results);
	return [...results].sort(([a], [b]) => a - b).map(([, item]) => item);
}

async function readPlan(context: IExecuteFunctions, index: number): Promise<Plan> {
	const choice = readOutputChoice(context, index);
	const field = context.getNodeParameter('binaryPropertyName', index, 'data');
	const image = findImage(context, index, field);
	const servedBy = await readServedBy(context, index);
	const batching = readBatching(context, index);
	const precision = readPrecision(context, index);
	return {
		index,
		choice,
		settings: {
			store: await readStore(context, index),
			model: readModel(context, index),
			category: readCategory(context, index, { image: image.data }),
			...(context.getNodeParameter('options.checkDistribution', index, true) === false && {
				checkDistribution: false,
			}),
			...(precision !== 'float32' && { precision }),
			outputs: Object.fromEntries(choice.fields.map((name) => [name, true])),
			...(batching && { batching }),
			...(servedBy === undefined ? readCompute(context, index) : { servedBy }),
		},
	};
}

function groupBySettings(plans: readonly Plan[]): Group[] {
	const groups = new Map<string, Plan[]>();
	for (const plan of plans) {
		const key = JSON.stringify(plan.settings);
		const group = groups.get(key);
		if (group) group.push(plan);
		else groups.set(key, [plan]);
	}
	return [...groups.values()];
}

async function scoreGroup(
	context: IExecuteFunctions,
	group: Group,
	results: Map<number, INodeExecutionData>,
): Promise<void> {
	const atOnce = windowsAtOnce(context, group[0]);
	const underWay: (() => Promise<void>)[] = [];
	let reading = readWindow(context, group, 0, results);
	for (let start = 0; start < group.length; start += WINDOW) {
		throwIfCancelled(context);
		const images = await reading;
		const scoring = scoreWindow(context, images);
		underWay.push(async () => {
			for (const [position, result] of (await scoring).entries())
				await place(context, images[position].plan, result, results);
		});
		reading = readWindow(context, group, start + WINDOW, results);
		// It is awaited in the next turn, or never when scoring fails; a failure must not go unhandled meanwhile.
		reading.catch(() => undefined);
		if (underWay.length === atOnce) await underWay.shift()?.();
	}
	for (const settle of underWay) await settle();
	await reading;
}

function windowsAtOnce(context: IExecuteFunctions, { index, settings: { device } }: Plan): number {
	if (isOnWorkers(context, index)) return WINDOWS_ON_WORKERS;
	return device === undefined || device === 'auto' || device === 'cpu' ? 1 : WINDOWS_ON_DEVICE;
}

interface ReadImage {
	readonly plan: Plan;
	readonly image: ItemImage;
}

/** Reads the images of a window; those that cannot be read are settled at once. */
async function readWindow(
	context: IExecuteFunctions,
	group: Group,
	start: number,
	results: Map<number, INodeExecutionData>,
): Promise<ReadImage[]> {
	const read: ReadImage[] = [];
	for (const plan of group.slice(start, start + WINDOW)) {
		const { index } = plan;
		try {
			const field = context.getNodeParameter('binaryPropertyName', index, 'data');
			read.push({ plan, image: await readImage(context, index, field) });
		} catch (error) {
			results.set(index, itemFailure(context, error, index));
		}
	}
	return read;
}

/** Outcomes in the order of the images; what fails as a whole, such as a missing model, fails each of them. */
async function scoreWindow(
	context: IExecuteFunctions,
	images: readonly ReadImage[],
): Promise<(ScoreOutcome | { readonly failure: unknown })[]> {
	if (images.length === 0) return [];
	try {
		const engine = await engineAt(context, images[0].plan.index);
		return await engine.score(
			{
				...images[0].plan.settings,
				images: images.map(({ image: { name, bytes } }) => ({ name, bytes })),
			},
			{ signal: cancelSignal(context) },
		);
	} catch (failure) {
		return images.map(() => ({ failure }));
	}
}

async function place(
	context: IExecuteFunctions,
	{ index, choice, settings }: Plan,
	result: ScoreOutcome | { readonly failure: unknown },
	results: Map<number, INodeExecutionData>,
): Promise<void> {
	if ('failure' in result) {
		results.set(index, itemFailure(context, result.failure, index));
	} else if ('error' in result) {
		const error = failed(context.getNode(), result.error, index);
		results.set(index, itemFailure(context, error, index));
	} else {
		remark(context, result);
		remarkDevice(context, settings.device, result.device);
		results.set(index, await scoredItem(context, index, { score: result, choice }));
	}
}

function remark(context: IExecuteFunctions, { verdict, model, version, encoderNotice }: ImageScore): void {
	if (encoderNotice !== undefined) addHintOnce(context, encoderNotice);
	if (verdict !== 'uncalibrated') return;
	addHintOnce(
		context,
		`Model "${model}" version ${version} was trained without held-out images: it gives scores, but no threshold, p-value or verdict. Train it with a calibration share above 0 for these.`,
		{ type: 'warning' },
	);
}
