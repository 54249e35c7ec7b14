import { type CategoryImages, GOOD, type ImageEntry, type Split } from '../dataset';
import { compareBytewise } from '../order';
import { mapLimited } from '../parallel';
import type { Tree } from '../tree';

/** An image that a list file (CSV, JSON) names, with paths below the root. */
export interface ListedImage {
	readonly split: Split;
	readonly label: string;
	readonly image: string;
	readonly mask: string | null;
}

/** Folders listed at once: enough to hide the latency of a network drive. */
const FOLDERS_AT_ONCE = 16;

/** Turns listed images into entries; leaves out, and records, those that are not there or do not belong. */
export async function readListedImages(
	tree: Tree,
	category: string,
	listed: readonly ListedImage[],
	listPath: string,
): Promise<CategoryImages> {
	const present = await presentFiles(tree, listed);
	const train: ImageEntry[] = [];
	const test: ImageEntry[] = [];
	const missing: string[] = [];
	const missingMasks: string[] = [];
	const unmasked: string[] = [];
	const anomalousTraining: string[] = [];
	for (const { split, label, image, mask } of listed) {
		const anomalous = label !== GOOD;
		if (!present.has(image)) {
			missing.push(image);
			continue;
		}
		if (split === 'train' && anomalous) {
			anomalousTraining.push(image);
			continue;
		}
		const maskThere = mask !== null && present.has(mask);
		if (anomalous && mask === null) unmasked.push(image);
		if (mask !== null && !maskThere) missingMasks.push(mask);
		const maskPath = anomalous && maskThere ? tree.absolute(mask) : null;
		const entry = {
			path: tree.absolute(image),
			relativePath: image,
			category,
			split,
			label,
			anomalous,
			maskPath,
		};
		(split === 'train' ? train : test).push(entry);
	}
	const warn = warner(tree, category);
	warn('fileMissing', missing, (n) => `${n} listed in ${listPath} and not there are left out`);
	warn(
		'fileMissing',
		missingMasks,
		(n) => `${n} (masks) listed in ${listPath} are not there: pixel metrics leave their images out`,
	);
	warn('trainAnomalous', anomalousTraining, (n) => `${n} listed for training are anomalous and left out`);
	warn('imageWithoutMask', unmasked, (n) => `${n} anomalous have no mask: pixel metrics leave them out`);
	return { name: category, train: sorted(train), test: sorted(test) };
}

/** The listed paths that exist: found by listing folders, not by asking for each file. */
async function presentFiles(tree: Tree, listed: readonly ListedImage[]): Promise<Set<string>> {
	const byFolder = new Map<string, string[]>();
	for (const { image, mask } of listed) {
		for (const file of mask === null ? [image] : [image, mask]) {
			const folder = file.slice(0, Math.max(0, file.lastIndexOf('/')));
			const files = byFolder.get(folder);
			if (files) files.push(file);
			else byFolder.set(folder, [file]);
		}
	}
	const present = new Set<string>();
	const checkFolder = async ([folder, files]: [string, string[]]): Promise<void> => {
		const names = await tree.imageNames(folder);
		for (const file of files) {
			if (names.has(file.slice(file.lastIndexOf('/') + 1))) present.add(file);
		}
	};
	await mapLimited([...byFolder], checkFolder, { limit: FOLDERS_AT_ONCE });
	return present;
}

function warner(tree: Tree, category: string) {
	return (
		kind: 'fileMissing' | 'trainAnomalous' | 'imageWithoutMask',
		files: readonly string[],
		say: (subject: string) => string,
	): void => {
		if (files.length === 0) return;
		const subject = `${files.length} file${files.length === 1 ? '' : 's'} of "${category}" such as "${files[0]}"`;
		tree.warn(kind, files[0], say(subject), files.length);
	};
}

function sorted(entries: ImageEntry[]): ImageEntry[] {
	return entries.sort((a, b) => compareBytewise(a.relativePath, b.relativePath));
}
