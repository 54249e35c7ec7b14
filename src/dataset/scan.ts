import { DinomalyError } from '../errors';
import { categoryNameFault } from './categoryName';
import type { CategoryImages, Dataset, LayoutName } from './dataset';
import { LAYOUTS } from './layouts';
import type { CategorySource, Layout } from './layouts/layout';
import { compareBytewise } from './order';
import { Tree } from './tree';

export interface ScanOptions {
	/** Categories to read; all when absent. */
	readonly categories?: readonly string[];
	/** Layout of the folder; detected in the order visa, realiad, mvtec, plain when absent. */
	readonly layout?: LayoutName;
	readonly signal?: AbortSignal;
}

/** Problems quoted in the hint of an error that they explain. */
const QUOTED_PROBLEMS = 3;

/**
 * Finds the images of a dataset folder, without opening any of them.
 *
 * @param root folder in any layout of {@link LayoutName}
 * @throws DinomalyError INPUT_MISSING (no such folder), DATASET_LAYOUT (nothing recognised, or two categories of one
 * name), DATASET_EMPTY (no images), CATEGORY_UNKNOWN
 * @example
 * const { categories, problems } = await scanDataset('/data/mvtec', { categories: ['bottle'] });
 */
export async function scanDataset(root: string, options: ScanOptions = {}): Promise<Dataset> {
	const tree = await Tree.open(root, options.signal);
	const { layout, sources } = await detectLayout(tree, options.layout);
	refuseDuplicates(tree, sources);
	const chosen = chooseSources(tree, sources, options.categories);
	const categories: CategoryImages[] = [];
	for (const source of chosen) {
		const category = await source.read();
		if (category.train.length + category.test.length > 0) categories.push(category);
		else
			tree.warn(
				'emptyCategory',
				source.path,
				`Category "${source.name}" has no images and is left out`,
			);
	}
	if (categories.length === 0) throw emptyDataset(tree, layout);
	return { root: tree.root, layout: layout.name, categories, problems: tree.problems };
}

async function detectLayout(
	tree: Tree,
	wanted: LayoutName | undefined,
): Promise<{ layout: Layout; sources: readonly CategorySource[] }> {
	const candidates = wanted === undefined ? LAYOUTS : LAYOUTS.filter(({ name }) => name === wanted);
	if (candidates.length === 0) throw unknownLayout(wanted);
	for (const layout of candidates) {
		const sources = await layout.discover(tree);
		if (sources) return { layout, sources: withValidNames(tree, sources) };
	}
	const { folders, images, unsupported, others } = await tree.list('');
	if (folders.length + images.length + unsupported.length + others.length === 0) {
		throw new DinomalyError('DATASET_EMPTY', `Expected images in "${tree.root}", found an empty folder`, {
			hint: `Put images there, or give another folder: ${expectations(candidates)}.`,
		});
	}
	const known = wanted === undefined ? 'a known layout' : `the layout "${wanted}"`;
	throw new DinomalyError(
		'DATASET_LAYOUT',
		`Expected ${known} in "${tree.root}", found ${contents(folders, unsupported, others)}`,
		{
			hint: withProblems(tree, `Expected ${expectations(candidates)}.`),
		},
	);
}

function withValidNames(tree: Tree, sources: readonly CategorySource[]): readonly CategorySource[] {
	return sources.filter(({ name, path }) => {
		const fault = categoryNameFault(name);
		if (fault !== null) tree.warn('badName', path, `Category "${name}" is left out: its name ${fault}`);
		return fault === null;
	});
}

function refuseDuplicates(tree: Tree, sources: readonly CategorySource[]): void {
	const paths = new Map<string, string>();
	for (const { name, path } of sources) {
		const first = paths.get(name);
		if (first !== undefined) {
			throw new DinomalyError(
				'DATASET_LAYOUT',
				`Expected one category "${name}" in "${tree.root}", found "${first}" and "${path}"`,
				{
					hint: 'Rename one of the two folders, or give the folder that holds only one of them.',
				},
			);
		}
		paths.set(name, path);
	}
}

function chooseSources(
	tree: Tree,
	sources: readonly CategorySource[],
	wanted: readonly string[] | undefined,
): readonly CategorySource[] {
	const ordered = [...sources].sort((a, b) => compareBytewise(a.name, b.name));
	if (wanted === undefined) return ordered;
	const known = new Set(ordered.map(({ name }) => name));
	const unknown = wanted.filter((name) => !known.has(name));
	if (unknown.length > 0) {
		throw new DinomalyError(
			'CATEGORY_UNKNOWN',
			`Expected category "${unknown[0]}" in "${tree.root}", found none of that name`,
			{
				hint: `Known categories: ${[...known].join(', ')}.`,
			},
		);
	}
	return ordered.filter(({ name }) => wanted.includes(name));
}

function emptyDataset(tree: Tree, layout: Layout): DinomalyError {
	return new DinomalyError(
		'DATASET_EMPTY',
		`Expected images in "${tree.root}" (layout ${layout.name}), found none`,
		{
			hint: withProblems(tree, `Expected ${layout.expected}.`),
		},
	);
}

function unknownLayout(wanted: string | undefined): DinomalyError {
	const names = LAYOUTS.map(({ name }) => name).join(', ');
	return new DinomalyError('CONFIG_INVALID', `Expected a layout of ${names}, got "${wanted ?? ''}"`, {
		hint: 'Leave the layout out to have it detected.',
	});
}

function expectations(layouts: readonly Layout[]): string {
	return layouts.map(({ expected }) => expected).join('; or ');
}

function contents(
	folders: readonly string[],
	unsupported: readonly string[],
	others: readonly string[],
): string {
	const shown = [...folders.map((name) => `${name}/`), ...unsupported, ...others];
	const more = shown.length > 5 ? ` and ${shown.length - 5} more` : '';
	return shown.slice(0, 5).join(', ') + more;
}

function withProblems(tree: Tree, hint: string): string {
	const messages = tree.problems.slice(0, QUOTED_PROBLEMS).map(({ message }) => `${message}.`);
	return [hint, ...messages].join(' ');
}
