import { type CategoryImages, GOOD, type ImageEntry } from '../dataset';
import { type Tree, join } from '../tree';
import { GROUND_TRUTH, noteOrphanMaskFolders, readTestFolders } from './labelledFolders';
import {
	type CategorySource,
	entriesOf,
	isNormalFolder,
	type Layout,
	noteMisplacedImages,
	noteUnknownFolders,
} from './layout';

const TRAIN = 'train';
const TEST = 'test';
/** Categories are the root itself, its folders, or the folders of those (several sources under one root). */
const DEEPEST_CATEGORY = 2;

/**
 * MVTec AD: `<category>/train/good`, `<category>/test/<good or defect>`, `<category>/ground_truth/<defect>/NAME_mask.png`.
 * The root may be one category, hold categories, or hold folders of categories.
 */
export const mvtec: Layout = {
	name: 'mvtec',
	expected: '<category>/train/good and <category>/test/<good or defect> (MVTec AD)',

	async discover(tree) {
		const sources = await findCategories(tree, '', 0);
		return sources.length > 0 ? sources : null;
	},
};

async function findCategories(tree: Tree, folder: string, depth: number): Promise<CategorySource[]> {
	const { folders, images } = await tree.list(folder);
	if (folders.includes(TRAIN) || folders.includes(TEST)) return [sourceOf(tree, folder)];
	if (depth === DEEPEST_CATEGORY) return [];
	const found: CategorySource[] = [];
	const empty: string[] = [];
	for (const name of folders) {
		const below = await findCategories(tree, join(folder, name), depth + 1);
		if (below.length === 0) empty.push(name);
		found.push(...below);
	}
	if (found.length === 0) return found;
	noteUnknownFolders(tree, folder, empty, `expected "${TRAIN}" or "${TEST}" in it`);
	noteMisplacedImages(
		tree,
		folder,
		images,
		`images in <category>/${TRAIN}/${GOOD} or <category>/${TEST}/<label>`,
	);
	return found;
}

function sourceOf(tree: Tree, folder: string): CategorySource {
	const name = folder === '' ? tree.name : folder.slice(folder.lastIndexOf('/') + 1);
	return { name, path: folder, read: () => readCategory(tree, folder, name) };
}

async function readCategory(tree: Tree, folder: string, name: string): Promise<CategoryImages> {
	const { folders, images } = await tree.list(folder);
	const unknown = folders.filter((other) => ![TRAIN, TEST, GROUND_TRUTH].includes(other));
	noteUnknownFolders(tree, folder, unknown, `not part of the layout (${TRAIN}, ${TEST}, ${GROUND_TRUTH})`);
	noteMisplacedImages(tree, folder, images, `images in ${TRAIN}/${GOOD} or ${TEST}/<label>`);
	return {
		name,
		train: await readTrain(tree, join(folder, TRAIN), name),
		test: await readTest(tree, folder, name),
	};
}

async function readTrain(tree: Tree, parent: string, category: string): Promise<ImageEntry[]> {
	const { folders, images } = await tree.listIfPresent(parent);
	noteMisplacedImages(tree, parent, images, `normal images in "${join(parent, GOOD)}"`);
	const others = folders.filter((label) => !isNormalFolder(label));
	noteUnknownFolders(tree, parent, others, 'training uses normal images only');
	const entries: ImageEntry[] = [];
	for (const label of folders.filter(isNormalFolder)) {
		const listing = await tree.list(join(parent, label));
		const images = { folder: join(parent, label), names: listing.images };
		for (const entry of entriesOf(tree, images, { category, split: 'train', label: GOOD }))
			entries.push(entry);
	}
	return entries;
}

async function readTest(tree: Tree, base: string, category: string): Promise<ImageEntry[]> {
	const parent = join(base, TEST);
	const { folders, images } = await tree.listIfPresent(parent);
	noteMisplacedImages(tree, parent, images, `images in "${join(parent, GOOD)}" or "${parent}/<defect>"`);
	const labelled = { category, base, parent, labels: folders };
	await noteOrphanMaskFolders(tree, labelled);
	return readTestFolders(tree, labelled);
}
