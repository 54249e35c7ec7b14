import { type Tree, join, stemOf } from './tree';

/** What a mask's name has after the stem of its image in the MVTec AD layout. */
const MASK_SUFFIX = '_mask';

/**
 * Finds each image's mask by name: `STEM_mask.*` first, else `STEM.*`.
 *
 * The reference sorts images and masks and pairs them by position. On real folders that goes wrong: `a-1.jpg` sorts
 * before `a-10.jpg`, but `a-1_mask.png` after `a-10_mask.png`, and one missing mask shifts all that follow.
 * @param images file names of one folder
 * @param masks file names of the folder with their masks
 * @returns image name to mask name, for the images that have one
 */
export function pairMasks(images: readonly string[], masks: readonly string[]): Map<string, string> {
	const unclaimed = new Map<string, string>();
	for (const mask of masks) unclaimed.set(stemOf(mask), mask);
	const pairs = new Map<string, string>();
	for (const suffix of [MASK_SUFFIX, '']) {
		for (const image of images) {
			const key = stemOf(image) + suffix;
			const mask = unclaimed.get(key);
			if (mask === undefined || pairs.has(image)) continue;
			pairs.set(image, mask);
			unclaimed.delete(key);
		}
	}
	return pairs;
}

/** Pairs the masks of `maskFolder` with images and records those that are left over on either side. */
export async function readMasks(
	tree: Tree,
	images: ImageFolder,
	maskFolder: string,
): Promise<Map<string, string>> {
	const listing = await tree.listIfPresent(maskFolder);
	const pairs = pairMasks(images.names, listing.images);
	const used = new Set(pairs.values());
	const orphans = listing.images.filter((mask) => !used.has(mask));
	if (orphans.length > 0) {
		const at = join(maskFolder, orphans[0]);
		const masks =
			orphans.length === 1 ? `Mask "${at}" has` : `${orphans.length} masks such as "${at}" have`;
		tree.warn('maskWithoutImage', at, `${masks} no image of the same name`, orphans.length);
	}
	noteImagesWithoutMask(tree, images, pairs);
	return pairs;
}

export interface ImageFolder {
	/** Path below the root. */
	readonly folder: string;
	readonly names: readonly string[];
}

function noteImagesWithoutMask(tree: Tree, images: ImageFolder, pairs: ReadonlyMap<string, string>): void {
	const missing = images.names.filter((name) => !pairs.has(name));
	if (missing.length === 0) return;
	const all = missing.length === images.names.length;
	const at = join(images.folder, missing[0]);
	const which = all
		? `None of the ${missing.length} images of "${images.folder}" has a mask`
		: `${missing.length} of ${images.names.length} images of "${images.folder}" have no mask, first "${missing[0]}"`;
	const report = all ? tree.notice.bind(tree) : tree.warn.bind(tree);
	report('imageWithoutMask', at, `${which}: pixel metrics leave them out`, missing.length);
}
