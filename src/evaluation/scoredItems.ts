import { createHash } from 'node:crypto';
import { DinomalyError } from '../errors';
import { packageVersion } from '../packageVersion';
import { compareBytewise } from '../dataset/order';
import type { ModelCard } from '../store/card';
import type { EvaluationRun } from '../store/evaluationRun';
import { newRunId } from '../store/runId';
import { evaluateCategoryScores, withoutPixels, type PixelPart } from './categoryMetrics';
import { DEFAULT_MAX_FPR } from './metrics/aupro';
import { meanOverCategories } from './metrics/mean';
import { modelHash } from './modelHash';
import type { EvaluatedImage, MaskRuleName, PixelMode } from './request';
import type { InspectionZones } from '../zones/inspectionZones';
import { ZONES_FILE } from '../store/zonesFile';
import { noticesOfZones, type InspectedCategory } from './inspectedArea';
import { categoryOfRun, metricsOf } from './run';
import { noticeOfUnknown } from './unknownImages';

/** An image that was scored before. */
export interface ScoredItem extends EvaluatedImage {
	/** Threshold that it was judged by, if it was. */
	readonly threshold: number | null;
}

export interface ItemsOrigin {
	/** Card of the model that scored the items; undefined when it is not known or gone. */
	readonly card: ModelCard | undefined;
	/** Zones of that model; undefined when it looks everywhere, or is not known. */
	readonly zones?: InspectionZones;
	/** Where the scores were computed; empty when it is not known. */
	readonly device: string;
	readonly maskRule: MaskRuleName;
	readonly maxFpr?: number;
	readonly pixelMode?: PixelMode;
	/** Items whose defect lies wholly where the model does not look: there is nothing for it to find, so they count nowhere. */
	readonly outside?: ReadonlySet<ScoredItem>;
	/** By category; categories without pixel metrics may be absent. */
	readonly pixels: ReadonlyMap<string, PixelPart>;
	readonly seconds: number;
}

/** Stands for the model of items that do not name one. Such a run cannot be stored. */
export const UNKNOWN_MODEL: EvaluationRun['model'] = { name: '', version: '', sha256: '' };

const NO_MAPS = 'The items came without anomaly maps and masks';

/**
 * The evaluation of items that a workflow scored. The threshold of a category is that of its items, when they agree on one.
 * @throws DinomalyError SCORE_NOT_FINITE; DATASET_EMPTY when no item counts
 */
export function runOfItems(
	all: readonly ScoredItem[],
	{
		card,
		zones,
		device,
		maskRule,
		maxFpr = DEFAULT_MAX_FPR,
		pixelMode = 'auto',
		outside = new Set(),
		pixels,
		seconds,
	}: ItemsOrigin,
	moment = new Date(),
): EvaluationRun {
	const items = all.filter((item) => !outside.has(item));
	if (items.length === 0) {
		throw new DinomalyError(
			'DATASET_EMPTY',
			`Expected items whose defect lies where the model looks, found that none of ${all.length} does`,
			{ hint: 'Add good items, or defects inside of the zones of the model.' },
		);
	}
	const names = [...new Set(items.map(({ category }) => category))].sort(compareBytewise);
	const categories = names.map((category) => {
		const own = items.filter((item) => item.category === category);
		const part = pixels.get(category) ?? withoutPixels(NO_MAPS);
		return evaluateCategoryScores(own, { category, threshold: commonThreshold(own), pixels: part });
	});
	return {
		schemaVersion: 1,
		id: newRunId(moment),
		created: moment.toISOString(),
		source: 'items',
		model:
			card === undefined
				? UNKNOWN_MODEL
				: { name: card.name, version: card.version, sha256: modelHash(card) },
		encoder: { name: card?.encoder.name ?? '', sha256: card?.encoder.sha256 ?? '' },
		preprocessing: {
			imageSize: card?.config.imageSize ?? 0,
			cropSize: card?.config.cropSize ?? 0,
			...(card?.config.tiling !== undefined && { tiling: card.config.tiling }),
		},
		dataset: { root: 'items', fingerprint: fingerprintItems(items) },
		device: device === '' ? 'unknown' : device,
		maskRule,
		// Thresholds came with the items, and so did whatever they were computed with.
		settings: {
			maxFpr,
			pixelMode,
			falseAlarmRate: null,
			...(card !== undefined &&
				Object.hasOwn(card.files, ZONES_FILE) && { zonesSha256: card.files[ZONES_FILE].sha256 }),
			threads: 0,
		},
		versions: {
			package: packageVersion(),
			node: process.version,
			platform: `${process.platform}-${process.arch}`,
		},
		categories: categories.map(categoryOfRun),
		mean: metricsOf(meanOverCategories(categories)),
		images: items.map(({ file, category, label, anomalous, score, outOfDistribution }) => ({
			file,
			category,
			label,
			anomalous,
			score,
			...(outOfDistribution === true && { outOfDistribution }),
		})),
		failures: 0,
		notices: [
			...(card?.encoder.notice === undefined ? [] : [card.encoder.notice]),
			...noticesOfZones({ zones }, outsideBy(outside)),
			...noticeOfUnknown(items),
		],
		seconds,
	};
}

function outsideBy(outside: ReadonlySet<ScoredItem>): InspectedCategory[] {
	const counts = new Map<string, number>();
	for (const { category } of outside) counts.set(category, (counts.get(category) ?? 0) + 1);
	return [...counts].map(([category, count]) => ({ category, share: null, outside: count }));
}

/** Same names with the same labels count as the same test images: the images themselves are not at hand. */
function fingerprintItems(items: readonly ScoredItem[]): string {
	const lines = items.map(({ file, category, label }) => JSON.stringify([category, label, file]));
	const digest = createHash('sha256');
	for (const line of lines.sort(compareBytewise)) digest.update(`${line}\n`);
	return digest.digest('hex');
}

function commonThreshold(items: readonly ScoredItem[]): number | null {
	const [first] = items;
	return items.every(({ threshold }) => threshold === first.threshold) ? first.threshold : null;
}
