import { stat } from 'node:fs/promises';
import { join, parse, relative } from 'node:path';
import { imagesBelow } from '../dataset/imagesBelow';
import { DinomalyError } from '../errors';

export interface ImageFile {
	/** Absolute path. */
	readonly path: string;
	/** As the user named it, or below the folder that the user named. */
	readonly shown: string;
}

export interface ExpandOptions {
	readonly path: (given: string) => string;
	readonly onNotice: (line: string) => void;
}

/** Folders in a name: category, split and defect of a dataset, and one more. */
const MAX_DEPTH = 5;

/**
 * The image files that words of a command line stand for: a folder is its images at any depth, in bytewise order; anything else stays as
 * it is, also when it is not there, which is for the scorer to report. Throws INPUT_MISSING for a folder without images.
 */
export async function expandImages(
	words: readonly string[],
	{ path, onNotice }: ExpandOptions,
): Promise<ImageFile[]> {
	const images: ImageFile[] = [];
	for (const word of words) {
		const absolute = path(word);
		if (!(await isFolder(absolute))) {
			images.push({ path: absolute, shown: word });
			continue;
		}
		const found = await imagesBelow(absolute, onNotice);
		if (found.length === 0) {
			throw new DinomalyError('INPUT_MISSING', `Expected images in the folder "${word}", found none`, {
				hint: 'PNG, JPEG, WebP, TIFF, GIF, AVIF and BMP files are read, at any depth.',
			});
		}
		for (const file of found) images.push({ path: file, shown: join(word, relative(absolute, file)) });
	}
	return images;
}

/**
 * For each file a name without extension that no other one has, also where upper and lower case are the same: the stem, with as many
 * folders before it as it takes to tell it from the others with that stem, and a number where even that does not help.
 */
export function uniqueStems(files: readonly string[]): string[] {
	const parts = files.map(partsOf);
	const stems = parts.map((names) => lastOf(names, 1));
	const groups = new Map<string, number[]>();
	for (const [i, stem] of stems.entries())
		groups.set(stem.toLowerCase(), [...(groups.get(stem.toLowerCase()) ?? []), i]);
	const taken = new Set<string>();
	return stems.map((stem, i) => {
		const group = (groups.get(stem.toLowerCase()) ?? []).map((member) => parts[member]);
		const title = lastOf(parts[i], distinguishingDepth(group));
		let name = title;
		for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${title}-${n}`;
		taken.add(name.toLowerCase());
		return name;
	});
}

/** How many parts of their paths, from the end, tell all members of a group apart; 1 where nothing does. */
function distinguishingDepth(group: readonly (readonly string[])[]): number {
	for (let depth = 1; depth <= MAX_DEPTH; depth++) {
		if (new Set(group.map((names) => lastOf(names, depth).toLowerCase())).size === group.length)
			return depth;
	}
	return 1;
}

function lastOf(names: readonly string[], count: number): string {
	return names.slice(-count).join('_');
}

function partsOf(file: string): string[] {
	const { dir, name } = parse(file);
	return [...dir.split(/[\\/]/).filter((part) => /[^.:]/.test(part)), name];
}

async function isFolder(path: string): Promise<boolean> {
	try {
		return (await stat(path)).isDirectory();
	} catch {
		return false; // not there: no folder
	}
}
