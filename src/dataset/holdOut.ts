import { DinomalyError } from '../errors';
import { createRandom, deriveSeed } from '../random';
import type { ImageEntry } from './dataset';
import { compareBytewise } from './order';

export interface HoldOut {
	readonly train: ImageEntry[];
	readonly calibration: ImageEntry[];
}

/**
 * Splits normal images at random into those to train on and those to calibrate the threshold with, per category.
 *
 * A share above 0 holds out at least one image of every category with two or more, and always leaves one to train on.
 * The split depends on the seed and on each category's paths only: neither the order of `entries` nor the other
 * categories change it. Both parts keep the order of `entries`.
 * @param share of each category's images to hold out, in [0, 0.9]
 * @param seed a whole number
 * @throws DinomalyError CONFIG_INVALID when the share is out of range
 */
export function holdOut(entries: readonly ImageEntry[], share: number, seed: number): HoldOut {
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
	for (const [category, members] of byCategory(entries)) {
		const count = heldOutCount(members.length, share);
		const shuffled = members.sort((a, b) => compareBytewise(a.relativePath, b.relativePath));
		createRandom(deriveSeed(seed, 'holdOut', category)).shuffle(shuffled);
		for (const entry of shuffled.slice(0, count)) heldOut.add(entry);
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

function byCategory(entries: readonly ImageEntry[]): Map<string, ImageEntry[]> {
	const groups = new Map<string, ImageEntry[]>();
	for (const entry of entries) {
		const group = groups.get(entry.category);
		if (group) group.push(entry);
		else groups.set(entry.category, [entry]);
	}
	return groups;
}
