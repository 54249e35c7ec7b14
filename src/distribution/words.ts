import type { Placement } from './placement';

/** More would bury the sentence. */
const MOST_NAMED = 5;

/**
 * What is wrong with an image that is unlike what its model knows, in one sentence for a person who does not see the workflow; null when
 * nothing is.
 *
 * @param known categories that the model was trained on
 * @param given category that the image was said to be of; null when nobody said
 */
export function describeUnknown(
	{ isUnknown, distance, limit, resembles }: Placement,
	known: readonly string[],
	given: string | null,
): string | null {
	if (!isUnknown) return null;
	const found = `an image at distance ${distance.toFixed(2)}, beyond ${limit.toFixed(2)}`;
	if (resembles !== null && given !== null)
		return `Looks like ${resembles}: expected an image like those of ${given}, found ${found}; check the part, or score it as ${resembles}`;
	return `Unlike anything seen in training: expected an image like those of ${named(given === null ? known : [given])}, found ${found}; check the part, the camera and the light, or train the model with such images`;
}

function named(names: readonly string[]): string {
	if (names.length === 1) return names[0];
	const shown = names.slice(0, names.length > MOST_NAMED ? MOST_NAMED - 1 : names.length - 1);
	const rest = names.length - shown.length;
	return `${shown.join(', ')} or ${rest === 1 ? names[names.length - 1] : `${rest} other categories`}`;
}
