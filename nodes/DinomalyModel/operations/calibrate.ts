import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type {
	CalibrateRequest,
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
import type { OpenedModel } from '../../../src/store/modelStore';
import { ZONES_FILE } from '../../../src/store/zonesFile';
import { readZones, zonesProperty, zonesSizeProperty } from '../../shared/zones';
import { openStore, optionsWithStore } from '../storeOptions';
import { policyOptions, readPolicy, thresholdProperties } from '../thresholdRule';
import { shownValue } from '../../../src/shownValue';

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
	{
		displayName: 'Area to Inspect',
		name: 'areaToInspect',
		type: 'options',
		default: 'model',
		description:
			'Where the new version looks. Thresholds hold for the area that they were measured in, so it changes only together with images.',
		options: [
			{ name: 'As the Model', value: 'model', description: 'Where this version looks' },
			{ name: 'Whole Image', value: 'whole', description: 'Everywhere; takes zones away' },
			{
				name: 'Zones',
				value: 'zones',
				description: 'By the zones below, instead of those of the model',
			},
		],
		displayOptions: { show: { calibrateWith: ['folder'] } },
	},
	...[zonesProperty, zonesSizeProperty].map((property) => ({
		...property,
		displayOptions: { show: { calibrateWith: ['folder'], areaToInspect: ['zones'] } },
	})),
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
			data === undefined
				? {}
				: { source: { kind: 'images', data }, ...(await readArea(context, index)) },
		);
		return limitItems(result);
	});
}

/** All items make one calibration: the first one's parameters count. */
async function calibrateWithItems(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const pairedItem = context.getInputData().map((_, item) => ({ item }));
	try {
		const scores = context.getInputData().map((item, index) => labelledScore(context, item, index));
		await requireSameZones(context);
		const source: CalibrateSource = { kind: 'scores', name: 'scored items', scores };
		const result = await calibrate(context, 0, { source });
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
	wanted: Pick<CalibrateRequest, 'source' | 'zones'>,
): Promise<CalibrateResult> {
	const model = readModel(context, index);
	const { calibration } = await (await openStore(context, index)).open(model);
	const request = {
		store: await readStore(context, index),
		model,
		...wanted,
		policy: readPolicy(context, index, calibration?.policy),
		...readCompute(context, index),
	};
	return engineFor(context).calibrate(request, { signal: cancelSignal(context) });
}

/** Where the new version is to look, as far as it is to look elsewhere. */
async function readArea(context: IExecuteFunctions, index: number): Promise<Pick<CalibrateRequest, 'zones'>> {
	const area = context.getNodeParameter('areaToInspect', index, 'model');
	if (area === 'whole') return { zones: null };
	if (area !== 'zones') return {};
	const zones = await readZones(context, index);
	if (zones !== undefined) return { zones };
	throw failed(
		context.getNode(),
		{
			message: 'Expected a zone in "Zones", found none',
			hint: 'Add a zone to inspect or to ignore, or set Area to Inspect to Whole Image.',
		},
		index,
	);
}

/** Items say which version scored them: thresholds must not follow from scores that were measured in other zones. */
async function requireSameZones(context: IExecuteFunctions): Promise<void> {
	const store = await openStore(context, 0);
	const own = await store.open(readModel(context, 0));
	const zonesOf = ({ card: { files } }: OpenedModel): string | null =>
		Object.hasOwn(files, ZONES_FILE) ? files[ZONES_FILE].sha256 : null;
	const versions = new Map<string, number>();
	for (const [index, { json }] of context.getInputData().entries())
		if (json.model === own.name && typeof json.version === 'string' && !versions.has(json.version))
			versions.set(json.version, index);
	const known = new Set((await store.versions(own.name)).map(({ version }) => version));
	for (const [version, index] of versions) {
		if (!known.has(version) || zonesOf(await store.open(`${own.name}@${version}`)) === zonesOf(own))
			continue;
		throw failed(
			context.getNode(),
			{
				message: `Expected scores that were measured in the zones of "${own.name}@${own.version}", found those of version ${version}, which looks elsewhere`,
				hint: 'Score the images with this version, or calibrate with a folder of images.',
			},
			index,
		);
	}
}

/** An item for each category, and one for all together. */
function limitItems({ limits, notices, skipped, ...result }: CalibrateResult): INodeExecutionData[] {
	const common: IDataObject = {
		model: result.model,
		version: result.version,
		reference: `${result.model}@${result.version}`,
		madeFrom: `${result.model}@${result.parentVersion}`,
		zones: result.zones,
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
	return shownValue(value, 40);
}
