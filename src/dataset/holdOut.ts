import { DinomalyError } from '../errors';
import { createRandom, deriveSeed, type Random } from '../random';
import type { ImageEntry } from './dataset';
import { compareBytewise } from './order';
import type { PartOf } from './partNames';

export interface HoldOut {
	readonly train: ImageEntry[];
	readonly calibration: ImageEntry[];
}

export interface HoldOutOptions {
	/** Share of each category's images to hold out, in [0, 0.9]. */
	readonly share: number;
	/** A whole number. */
	readonly seed: number;
	/** Which images show the same part; such images stay together. Each is a part of its own when absent. */
	readonly partOf?: PartOf;
}

/**
 * Splits normal images at random into those to train on and those to calibrate the threshold with, per category.
 *
 * A share above 0 holds out at least one image of every category with two or more, and always leaves one to train on.
 * The split depends on the seed and on each category's paths only: neither the order of `entries` nor the other
 * categories change it. Both parts keep the order of `entries`.
 * Where several images show the same part, whole parts are held out: as many as come nearest to the share, one at least, and never all.
 * @throws DinomalyError CONFIG_INVALID when the share is out of range, or when all images of a category show one part
 */
export function holdOut(entries: readonly ImageEntry[], { share, seed, partOf }: HoldOutOptions): HoldOut {
	if (!(share >= 0 && share <= LARGEST_SHARE)) {
		throw new DinomalyError(
			'CONFIG_INVALID',
			`Expected calibrationShare to be from 0 to ${LARGEST_SHARE}, found ${share}`,
			{
				hint: 'Hold out 0.1 to 0.2 of the normal images, or 0 to train without calibration.',
			},
		);
	}
	const heldOut = new Set<ImageEntry>();
	for (const [category, members] of groupBy(entries, (entry) => entry.category)) {
		const count = heldOutCount(members.length, share);
		const ordered = members.sort((a, b) => compareBytewise(a.relativePath, b.relativePath));
		const random = createRandom(deriveSeed(seed, 'holdOut', category));
		const chosen =
			partOf === undefined
				? random.shuffle(ordered).slice(0, count)
				: chooseParts(partsOf(category, ordered, partOf), { count, random });
		for (const entry of chosen) heldOut.add(entry);
	}
	return {
		train: entries.filter((entry) => !heldOut.has(entry)),
		calibration: entries.filter((entry) => heldOut.has(entry)),
	};
}

const LARGEST_SHARE = 0.9;

function heldOutCount(total: number, share: number): number {
	if (share === 0 || total < 2) return 0;
	return Math.min(total - 1, Math.max(1, Math.round(total * share)));
}

/** Images by the part that they show; one whose name does not tell is a part of its own. */
function partsOf(category: string, entries: readonly ImageEntry[], partOf: PartOf): ImageEntry[][] {
	const parts = groupBy(entries, (entry) => partKey(entry, partOf));
	if (parts.size > 1 || entries.length === 1) return [...parts.values()];
	throw new DinomalyError(
		'CONFIG_INVALID',
		`Expected the images of ${category} to show several parts, found that all ${entries.length} show "${String(partOf(entries[0]))}"`,
		{ hint: 'Change what of the file names tells parts apart, or leave it out.' },
	);
}

/** What images of one part have in common and no other image has. */
export function partKey(entry: ImageEntry, partOf: PartOf): string {
	const part = partOf(entry);
	return part === null ? `image ${entry.relativePath}` : `part ${part}`;
}

/** Parts in a random order as long as they bring the number of images nearer to `count`. */
function chooseParts(
	parts: ImageEntry[][],
	{ count, random }: { readonly count: number; readonly random: Random },
): ImageEntry[] {
	if (count === 0) return [];
	const chosen: ImageEntry[] = [];
	for (const part of random.shuffle(parts).slice(0, -1)) {
		const more = chosen.length + part.length;
		if (chosen.length > 0 && Math.abs(more - count) >= Math.abs(chosen.length - count)) continue;
		for (const entry of part) chosen.push(entry);
	}
	return chosen;
}

function groupBy<T>(entries: readonly T[], keyOf: (entry: T) => string): Map<string, T[]> {
	const groups = new Map<string, T[]>();
	for (const entry of entries) {
		const key = keyOf(entry);
		const group = groups.get(key);
		if (group) group.push(entry);
		else groups.set(key, [entry]);
	}
	return groups;
}
