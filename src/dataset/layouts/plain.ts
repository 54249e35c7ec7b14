import { type CategoryImages, GOOD } from '../dataset';
import { type Tree, join } from '../tree';
import { GROUND_TRUTH, noteOrphanMaskFolders, readTestFolders } from './labelledFolders';
import { type CategorySource, entriesOf, isNormalFolder, type Layout, noteUnknownFolders } from './layout';

/**
 * Plain folders: a folder with images is one category named after it, all of them normal training images; a folder
 * of such folders is one category each.
 *
 * A folder with a subfolder `good` (or `ok`, `normal`) is one labelled category: every other subfolder is a defect
 * type for testing, with masks in `ground_truth/<defect>` if there are any. The `good` images are for testing when
 * training images lie beside the subfolders, else they are the training images.
 */
export const plain: Layout = {
	name: 'plain',
	expected: 'a folder of images, or one folder of images per category (plain)',

	async discover(tree) {
		if (await isCategory(tree, '')) return [sourceOf(tree, '')];
		const { folders } = await tree.list('');
		const sources: CategorySource[] = [];
		const unknown: string[] = [];
		for (const name of folders) {
			if (await isCategory(tree, name)) sources.push(sourceOf(tree, name));
			else unknown.push(name);
		}
		if (sources.length === 0) return null;
		noteUnknownFolders(tree, '', unknown, 'expected images in it');
		return sources;
	},
};

async function isCategory(tree: Tree, folder: string): Promise<boolean> {
	const { images, folders } = await tree.list(folder);
	if (images.length > 0) return true;
	for (const label of folders.filter(isNormalFolder)) {
		if ((await tree.list(join(folder, label))).images.length > 0) return true;
	}
	return false;
}

function sourceOf(tree: Tree, folder: string): CategorySource {
	const name = folder === '' ? tree.name : folder;
	return { name, path: folder, read: () => readCategory(tree, folder, name) };
}

async function readCategory(tree: Tree, folder: string, name: string): Promise<CategoryImages> {
	const { images, folders } = await tree.list(folder);
	const training = { category: name, split: 'train', label: GOOD } as const;
	const train = entriesOf(tree, { folder, names: images }, training);
	const normal = folders.filter(isNormalFolder);
	if (normal.length === 0) {
		noteUnknownFolders(tree, folder, folders, `subfolders are read only beside one named "${GOOD}"`);
		return { name, train, test: [] };
	}
	const labels = folders.filter((label) => label !== GROUND_TRUTH);
	for (const label of labels) await noteDeeperFolders(tree, join(folder, label));
	const labelled = { category: name, base: folder, parent: folder, labels };
	await noteOrphanMaskFolders(tree, labelled);
	const test = await readTestFolders(tree, labelled);
	if (train.length > 0) return { name, train, test };
	const trained = test
		.filter((entry) => !entry.anomalous)
		.map((entry) => ({ ...entry, split: 'train' }) as const);
	return { name, train: trained, test: test.filter((entry) => entry.anomalous) };
}

async function noteDeeperFolders(tree: Tree, folder: string): Promise<void> {
	noteUnknownFolders(tree, folder, (await tree.list(folder)).folders, 'expected images, not folders');
}
