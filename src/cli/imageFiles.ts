import { realpath, stat } from 'node:fs/promises';
import { join, parse, relative } from 'node:path';
import { compareBytewise } from '../dataset/order';
import { Tree } from '../dataset/tree';
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
				hint: 'PNG, JPEG, WebP, TIFF, GIF and AVIF files are read, at any depth.',
			});
		}
		for (const file of found) images.push({ path: file, shown: join(word, relative(absolute, file)) });
	}
	return images;
}

/** For each file a name without extension that no other one has, also where upper and lower case are the same. */
export function uniqueStems(files: readonly string[]): string[] {
	const taken = new Set<string>();
	return files.map((file) => {
		const stem = parse(file).name;
		let name = stem;
		for (let i = 2; taken.has(name.toLowerCase()); i++) name = `${stem}-${i}`;
		taken.add(name.toLowerCase());
		return name;
	});
}

async function imagesBelow(root: string, onNotice: (line: string) => void): Promise<string[]> {
	const tree = await Tree.open(root);
	const seen = new Set<string>(); // a link to a folder above would go round in circles
	const found: string[] = [];
	const walk = async (folder: string): Promise<void> => {
		const real = await realpath(tree.absolute(folder));
		if (seen.has(real)) return;
		seen.add(real);
		const { images, folders } = await tree.list(folder);
		const below = (name: string): string => (folder === '' ? name : `${folder}/${name}`);
		found.push(...images.map(below));
		for (const name of folders) await walk(below(name));
	};
	await walk('');
	for (const { message } of tree.problems) onNotice(message);
	return found.sort(compareBytewise).map((name) => tree.absolute(name));
}

async function isFolder(path: string): Promise<boolean> {
	try {
		return (await stat(path)).isDirectory();
	} catch {
		return false; // not there: no folder
	}
}
