import { GOOD, type ImageEntry } from '../dataset';
import { readMasks } from '../masks';
import { type Tree, join } from '../tree';
import { entriesOf, isNormalFolder } from './layout';

/** Where the masks lie: `ground_truth/<defect>/` beside the split, as in the MVTec AD layout. */
export const GROUND_TRUTH = 'ground_truth';

export interface LabelledFolders {
	readonly category: string;
	/** Folder of the category below the root. */
	readonly base: string;
	/** Folder below the root that holds one subfolder per label. */
	readonly parent: string;
	readonly labels: readonly string[];
}

/** Test images of `good` and defect subfolders, with the masks of the defects. */
export async function readTestFolders(tree: Tree, folders: LabelledFolders): Promise<ImageEntry[]> {
	const entries: ImageEntry[] = [];
	for (const label of folders.labels) {
		const folder = join(folders.parent, label);
		const { images: names } = await tree.list(folder);
		const placement = { category: folders.category, split: 'test' } as const;
		if (isNormalFolder(label)) {
			for (const entry of entriesOf(tree, { folder, names }, { ...placement, label: GOOD }))
				entries.push(entry);
			continue;
		}
		const maskFolder = join(join(folders.base, GROUND_TRUTH), label);
		const pairs = await readMasks(tree, { folder, names }, maskFolder);
		entries.push(
			...entriesOf(tree, { folder, names }, { ...placement, label }, { folder: maskFolder, pairs }),
		);
	}
	return entries;
}

/** Mask folders of defects that have no images at all. */
export async function noteOrphanMaskFolders(tree: Tree, folders: LabelledFolders): Promise<void> {
	const truth = join(folders.base, GROUND_TRUTH);
	const known = new Set(folders.labels);
	for (const label of (await tree.listIfPresent(truth)).folders) {
		if (known.has(label) || isNormalFolder(label)) continue;
		const { images } = await tree.list(join(truth, label));
		const at = join(truth, label);
		tree.warn('maskWithoutImage', at, `Masks in "${at}" have no folder with their images`, images.length);
	}
}
