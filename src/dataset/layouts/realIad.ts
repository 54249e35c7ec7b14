import { DinomalyError } from '../../errors';
import { type CategoryImages, GOOD, type Split } from '../dataset';
import { stemOf, type Tree, join } from '../tree';
import type { CategorySource, Layout } from './layout';
import { type ListedImage, readListedImages } from './listedImages';

/** Folders that may hold the lists, `<category>.json` each: the unpacked archive, then what people tidy it into. */
const LIST_FOLDERS = ['realiad_jsons/realiad_jsons', 'realiad_jsons', ''];
/** Folders that may hold the images, largest useful resolution first (the reference reads realiad_1024). */
const IMAGE_FOLDERS = ['realiad_1024', 'realiad_512', 'realiad_256', 'realiad_raw', ''];
const NORMAL_CLASS = 'OK';

/** Real-IAD: one JSON list per category in `realiad_jsons`, images below `realiad_1024` (or _512, _256, _raw). */
export const realIad: Layout = {
	name: 'realiad',
	expected: 'realiad_jsons/<category>.json beside realiad_1024/<category> (Real-IAD)',

	async discover(tree) {
		for (const folder of LIST_FOLDERS) {
			const sources = await findLists(tree, folder);
			if (sources.length > 0) return sources;
		}
		return null;
	},
};

interface Sample {
	readonly anomaly_class: string;
	readonly image_path: string;
	readonly mask_path?: string | null;
}

interface CategoryList {
	readonly meta?: { readonly prefix?: string; readonly normal_class?: string };
	readonly train: readonly Sample[];
	readonly test: readonly Sample[];
}

async function findLists(tree: Tree, folder: string): Promise<CategorySource[]> {
	const { others } = await tree.listIfPresent(folder);
	const sources: CategorySource[] = [];
	for (const file of others.filter((name) => name.toLowerCase().endsWith('.json'))) {
		const listPath = join(folder, file);
		const name = stemOf(file);
		if (folder === '' && !(await isLooseList(tree, name, listPath))) continue;
		sources.push({ name, path: listPath, read: () => readCategory(tree, name, listPath) });
	}
	return sources;
}

/** Beside the images any JSON file may lie: it is a list when a folder of its name is there and its content fits. */
async function isLooseList(tree: Tree, name: string, listPath: string): Promise<boolean> {
	for (const resolution of IMAGE_FOLDERS) {
		if (await tree.hasFolder(join(resolution, name)))
			return isCategoryList(await readJson(tree, listPath));
	}
	return false;
}

async function readCategory(tree: Tree, name: string, listPath: string): Promise<CategoryImages> {
	const list = await readJson(tree, listPath);
	if (!isCategoryList(list)) {
		const message = `Expected lists "train" and "test" with anomaly_class and image_path in ${listPath}, found another structure`;
		throw new DinomalyError('DATASET_LAYOUT', message, {
			hint: 'Restore the file from the published Real-IAD lists.',
		});
	}
	const folder = await imageFolder(tree, name, list);
	const normalClass = list.meta?.normal_class ?? NORMAL_CLASS;
	const listed = [...toListed(list.train, 'train'), ...toListed(list.test, 'test')];
	return readListedImages(tree, name, listed, listPath);

	function toListed(samples: readonly Sample[], split: Split): ListedImage[] {
		return samples.map((sample) => ({
			split,
			label: sample.anomaly_class === normalClass ? GOOD : sample.anomaly_class,
			image: join(folder, sample.image_path),
			mask: sample.mask_path ? join(folder, sample.mask_path) : null,
		}));
	}
}

/** The folder that holds the category's images: `<resolution>/<meta.prefix>` or `<resolution>/<category>`. */
async function imageFolder(tree: Tree, name: string, list: CategoryList): Promise<string> {
	const prefix = (list.meta?.prefix ?? name).replace(/^\/+|\/+$/g, '');
	for (const resolution of IMAGE_FOLDERS) {
		for (const below of [prefix, name]) {
			const folder = join(resolution, below);
			if (below !== '' && (await tree.hasFolder(folder))) return folder;
		}
	}
	return join(IMAGE_FOLDERS[0], name);
}

async function readJson(tree: Tree, file: string): Promise<unknown> {
	const text = await tree.readText(file);
	try {
		return JSON.parse(text) as unknown;
	} catch {
		return undefined;
	}
}

function isCategoryList(value: unknown): value is CategoryList {
	if (!isRecord(value)) return false;
	if (value.meta !== undefined && !isMeta(value.meta)) return false;
	return isSampleList(value.train) && isSampleList(value.test);
}

function isMeta(value: unknown): boolean {
	if (!isRecord(value)) return false;
	return [value.prefix, value.normal_class].every(
		(field) => field === undefined || typeof field === 'string',
	);
}

function isSampleList(value: unknown): boolean {
	return Array.isArray(value) && value.every(isSample);
}

function isSample(value: unknown): boolean {
	if (!isRecord(value)) return false;
	const { mask_path: mask } = value;
	const named = typeof value.anomaly_class === 'string' && typeof value.image_path === 'string';
	return named && (mask === undefined || mask === null || typeof mask === 'string');
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null;
}
