import { join } from 'node:path';
import type { Distribution } from '../distribution/distribution';
import { DinomalyError } from '../errors';
import { MIN_CATEGORY_IMAGES } from '../routing/calibration';
import type { CalibrationFile, CalibrationSource } from '../store/calibration';
import { CALIBRATION_FILE } from '../store/card';
import { openModelStore } from '../store/openModelStore';
import { PRECISION_FILES } from '../store/precisionCheck';
import { ZONES_FILE, zonesDocument } from '../store/zonesFile';
import { describeZones, type InspectionZones } from '../zones/inspectionZones';
import type { FileSource, OpenedModel } from '../store/modelStore';
import { ascending } from './collector';
import { withDistribution } from './goodImages';
import { limitsOf } from './limits';
import { measureImages } from './measureImages';
import type { CalibrateContext, CalibrateRequest, CalibrateResult, LabelledScore } from './request';
import { resolveZones } from './resolveZones';

interface Measured {
	readonly file: CalibrationFile;
	readonly skipped: CalibrateResult['skipped'];
	readonly notices: readonly string[];
	/** What the model knows of good images from now on; absent when that stays as it was. */
	readonly distribution?: Distribution;
}

/**
 * Gives a model other thresholds without training it again: publishes a new version with the same decoder, whose calibration rests on new
 * images, on scores with labels, or on what it was before under another policy. Aliases stay where they are.
 *
 * @throws CALIBRATION_SHORT when the images or scores do not suffice for the policy, DATASET_EMPTY without images
 */
export async function refitCalibration(
	request: CalibrateRequest,
	context: CalibrateContext,
): Promise<CalibrateResult> {
	const store = openModelStore(request.store);
	const opened = await store.open(request.model);
	const zones = await zonesOf(request, opened);
	const { file, skipped, notices, distribution } = await measure(request, { opened, zones }, context);
	const policy = request.policy ?? opened.calibration?.policy;
	const calibration: CalibrationFile = { ...file, ...(policy && { policy }) };
	// Thresholds that cannot be had are an error here, not when the first part is scored.
	const limits = limitsOf(calibration);
	if (limits.length === 0) throw noNormals();
	context.signal.throwIfAborted();
	const published = await withDistribution(distribution, (described) =>
		store.publish(opened.name, {
			card: { ...opened.card, parent: { name: opened.name, version: opened.version } },
			files: {
				...filesOf(opened),
				[CALIBRATION_FILE]: { json: calibration },
				...(zones && { [ZONES_FILE]: { json: zonesDocument(zones) } }),
				...described,
			},
		}),
	);
	return {
		model: published.name,
		version: published.version,
		parentVersion: opened.version,
		path: published.path,
		limits,
		zones: zones === undefined ? null : describeZones(zones),
		skipped,
		notices: [...notices, ...smallCategories(calibration)],
	};
}

async function measure(
	request: CalibrateRequest,
	{ opened, zones }: { readonly opened: OpenedModel; readonly zones: InspectionZones | undefined },
	context: CalibrateContext,
): Promise<Measured> {
	const { source } = request;
	if (source?.kind === 'images') return measureImages(request, source, { opened, zones }, context);
	if (source?.kind === 'scores')
		return { file: fromScores(source.scores, source.name, opened), skipped: [], notices: [] };
	if (opened.calibration) return { file: opened.calibration, skipped: [], notices: [] };
	throw new DinomalyError(
		'CALIBRATION_SHORT',
		`Expected model "${opened.name}@${opened.version}" to have a calibration to change, found none`,
		{ hint: 'It was trained without held-out images: calibrate it with images of good parts.' },
	);
}

/** Where the new version looks. @throws CONFIG_INVALID for other zones without images to measure in them */
async function zonesOf(
	{ source, zones }: CalibrateRequest,
	{ card, zones: own, name, version }: OpenedModel,
): Promise<InspectionZones | undefined> {
	if (zones === undefined) return own;
	if (source?.kind !== 'images')
		throw new DinomalyError(
			'CONFIG_INVALID',
			`Expected images to calibrate with, since "${name}@${version}" is to look elsewhere, found ${source === undefined ? 'none' : 'scores'}`,
			{
				hint: 'Thresholds hold for the area that they were measured in: give a folder of good parts together with the zones.',
			},
		);
	if (zones === null) return undefined;
	return resolveZones(
		zones,
		card.categories.map((category) => category.name),
	);
}

/** Scores bring no maps: thresholds for masks stay those of the model. */
function fromScores(
	labelled: readonly LabelledScore[],
	name: string,
	{ calibration, name: model, version }: OpenedModel,
): CalibrationFile {
	if (!calibration) {
		throw new DinomalyError(
			'CALIBRATION_SHORT',
			`Expected model "${model}@${version}" to have a calibration for its masks, found none`,
			{ hint: 'Scores alone say nothing about pixels: calibrate with images first.' },
		);
	}
	const wrong = labelled.findIndex(({ score }) => !Number.isFinite(score));
	if (wrong !== -1) {
		throw new DinomalyError(
			'CONFIG_INVALID',
			`Expected a number as score ${wrong + 1} of ${labelled.length}, found ${labelled[wrong].score}`,
		);
	}
	const normal = grouped(labelled.filter(({ anomalous }) => !anomalous));
	const anomalous = grouped(labelled.filter((one) => one.anomalous));
	const source: CalibrationSource = {
		kind: 'scores',
		name,
		normal: labelled.filter((one) => !one.anomalous).length,
		anomalous: labelled.filter((one) => one.anomalous).length,
	};
	if (source.normal === 0) throw noNormals();
	const pixel = Object.entries(calibration.pixel).filter(([category]) => Object.hasOwn(normal, category));
	return {
		schemaVersion: 1,
		created: new Date().toISOString(),
		scores: normal,
		...(source.anomalous > 0 && { anomalousScores: anomalous }),
		pixel: Object.fromEntries(pixel),
		pooledPixel: calibration.pooledPixel,
		// Scores say nothing about how the images were taken.
		...(calibration.images && { images: calibration.images }),
		source,
	};
}

function grouped(labelled: readonly LabelledScore[]): Record<string, number[]> {
	const groups = new Map<string, number[]>();
	for (const { category, score } of labelled)
		groups.set(category, [...(groups.get(category) ?? []), score]);
	return ascending(groups);
}

/** Every file of the model that does not depend on calibration and zones, copied as it is: comparisons of precisions were made with the old thresholds. */
function filesOf({ card, path }: OpenedModel): Record<string, FileSource> {
	const dependent = [CALIBRATION_FILE, ZONES_FILE, ...Object.values(PRECISION_FILES)];
	const names = Object.keys(card.files).filter((name) => !dependent.includes(name));
	return Object.fromEntries(names.map((name) => [name, { file: join(path, name) }]));
}

function smallCategories({ scores }: CalibrationFile): string[] {
	const small = Object.entries(scores).filter(([, own]) => own.length < MIN_CATEGORY_IMAGES);
	if (small.length === 0 || Object.keys(scores).length === 1) return [];
	const names = small.map(([category, own]) => `${category} (${own.length})`).join(', ');
	return [
		`Fewer than ${MIN_CATEGORY_IMAGES} normal images: ${names}; the images of all categories together decide there`,
	];
}

function noNormals(): DinomalyError {
	return new DinomalyError('CALIBRATION_SHORT', 'Expected normal images to calibrate with, found none', {
		hint: 'Thresholds say what good parts score: give images or scores of good parts.',
	});
}
