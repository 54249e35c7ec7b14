import { mapImage, type ImageMap, type ImageMapOptions } from '../scoring/imageMap';
import type { Scorer } from '../scoring/scorer';
import { halfToFloat32 } from '../weights/halfPrecision';
import type { EncodedImages } from './encodedSplit';

/** Map and score of an encoded image, by the same way as scoring goes, but from its stored features. */
export async function mapEncoded(
	scorer: Scorer,
	{ images, source }: EncodedImages,
	index: number,
	options: ImageMapOptions & { readonly groups: number },
): Promise<ImageMap> {
	const image = images[index];
	const scorePart = async (part: number): ReturnType<Scorer['score']> =>
		scorer.score(splitGroups(halfToFloat32(await source.get(image.firstPart + part)), options.groups));
	return mapImage(image, { scorePart }, options);
}

/** All groups one after the other as one array per group, without copying. */
function splitGroups(features: Float32Array, groups: number): Float32Array[] {
	const size = features.length / groups;
	return Array.from({ length: groups }, (_, k) => features.subarray(k * size, (k + 1) * size));
}
