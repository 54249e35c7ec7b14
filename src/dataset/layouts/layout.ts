import type { CategoryImages, ImageEntry, LayoutName, Split } from '../dataset';
import { GOOD } from '../dataset';
import { type Tree, join } from '../tree';

/** One way of arranging a dataset on disk. */
export interface Layout {
	readonly name: LayoutName;
	/** The expected folders in a few words, for error hints. */
	readonly expected: string;
	/** The categories of the folder without their images; null when the folder is not in this layout. */
	discover(tree: Tree): Promise<readonly CategorySource[] | null>;
}

export interface CategorySource {
	readonly name: string;
	/** Path below the root of what defines the category, for messages. */
	readonly path: string;
	read(): Promise<CategoryImages>;
}

/** Folder names that mean normal images; the first is MVTec AD's, the others are what people use. */
export const NORMAL_FOLDERS: readonly string[] = [GOOD, 'ok', 'normal'];

export function isNormalFolder(name: string): boolean {
	return NORMAL_FOLDERS.includes(name.toLowerCase());
}

/** Where a group of images belongs. */
export interface Placement {
	readonly category: string;
	readonly split: Split;
	readonly label: string;
}

/** The entries of the images of one folder, in the folder's order. */
export function entriesOf(
	tree: Tree,
	images: { readonly folder: string; readonly names: readonly string[] },
	placement: Placement,
	masks?: { readonly folder: string; readonly pairs: ReadonlyMap<string, string> },
): ImageEntry[] {
	return images.names.map((name) => {
		const relativePath = join(images.folder, name);
		const mask = masks?.pairs.get(name);
		return {
			path: tree.absolute(relativePath),
			relativePath,
			...placement,
			anomalous: placement.label !== GOOD,
			maskPath: masks && mask !== undefined ? tree.absolute(join(masks.folder, mask)) : null,
		};
	});
}

export function noteUnknownFolders(tree: Tree, parent: string, names: readonly string[], why: string): void {
	for (const name of names) {
		const at = join(parent, name);
		tree.notice('unknownFolder', at, `Folder "${at}" is left out: ${why}`);
	}
}

/** Images that lie where the layout expects folders. */
export function noteMisplacedImages(
	tree: Tree,
	folder: string,
	images: readonly string[],
	expected: string,
): void {
	if (images.length === 0) return;
	const at = join(folder, images[0]);
	const found = images.length === 1 ? `Image "${at}" is` : `${images.length} images such as "${at}" are`;
	tree.warn('misplacedImages', at, `${found} left out: expected ${expected}`, images.length);
}
