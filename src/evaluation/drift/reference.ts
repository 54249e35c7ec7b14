import { DinomalyError } from '../../errors';
import { calibrationFor } from '../../routing/calibration';
import type { CalibrationImages } from '../../store/calibration';
import type { OpenedModel } from '../../store/modelStore';

/** What recent images are held against. */
export interface DriftReference {
	/** Category whose calibration this is; null: all categories together. */
	readonly category: string | null;
	/** How many categories the model knows. */
	readonly categories: number;
	/** Of held-out normal images, ascending. */
	readonly scores: readonly number[];
	readonly threshold: number;
	/** Where the threshold comes from, in words. */
	readonly thresholdBasis: string;
	/** How the calibration images were taken; undefined when the model does not say. */
	readonly images: CalibrationImages | undefined;
}

/**
 * The calibration of a model for a category, or for all together when it is null or has too few images of its own.
 * @throws DinomalyError MODEL_INVALID when the model has no calibration, CATEGORY_UNKNOWN
 */
export function driftReference(
	{ card, calibration, name, version }: OpenedModel,
	category: string | null,
): DriftReference {
	const known = card.categories.map((one) => one.name);
	if (category !== null && !known.includes(category))
		throw new DinomalyError(
			'CATEGORY_UNKNOWN',
			`Expected a category that model "${name}" was trained on, found "${category}"`,
			{ hint: `Known categories: ${known.join(', ')}.` },
		);
	const applied = calibrationFor(calibration, category ?? (known.length === 1 ? known[0] : null));
	if (applied === null)
		throw new DinomalyError(
			'MODEL_INVALID',
			`Expected ${name}@${version} to have a calibration to compare with, found none`,
			{ hint: 'Train it again with images held out (calibration share above 0).' },
		);
	return {
		category: applied.category,
		categories: known.length,
		scores: applied.scores,
		threshold: applied.threshold.value,
		thresholdBasis: applied.threshold.basis,
		images: imagesFor(calibration?.images, applied.category),
	};
}

function imagesFor(
	images: Readonly<Record<string, CalibrationImages>> | undefined,
	category: string | null,
): CalibrationImages | undefined {
	if (images === undefined) return undefined;
	const own = category === null ? Object.values(images) : [images[category] ?? []].flat();
	if (own.length === 0) return undefined;
	const pool = (measure: 'brightness' | 'contrast' | 'sharpness'): number[] =>
		own.flatMap((one) => one[measure]).sort((a, b) => a - b);
	return {
		brightness: pool('brightness'),
		contrast: pool('contrast'),
		sharpness: pool('sharpness'),
		sizes: own.flatMap(({ sizes }) => sizes),
	};
}
