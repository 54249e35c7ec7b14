import { lstat, mkdir, realpath, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { DinomalyError } from '../../errors';
import { errorCode, explainWriteError, whenMissing } from '../../files/diskError';
import { GROUND_TRUTH } from '../layouts/labelledFolders';
import { LAYOUTS } from '../layouts';
import { isNormalFolder, type CategorySource, type Placement } from '../layouts/layout';
import { join, type Tree } from '../tree';

/** The folders of the MVTec AD layout that an image and its mask belong in, below the root. */
export interface TargetFolders {
	readonly images: string;
	readonly masks: string;
}

/**
 * Finds where images of this placement lie or would lie.
 * @throws DinomalyError DATASET_LAYOUT when the folder is in another layout, CONFIG_INVALID when a name differs from an existing one in
 * case only, which some systems take for the same
 */
export async function findTarget(tree: Tree, placement: Placement): Promise<TargetFolders> {
	const { category, split, label } = placement;
	const sources = await mvtecCategories(tree);
	refuseCaseTwin(
		category,
		'category',
		sources.map(({ name }) => name),
	);
	refuseParent(category, sources);
	const base = sources.find(({ name }) => name === category)?.path ?? category;
	const { folders } = await tree.listIfPresent(join(base, split));
	refuseCaseTwin(label, 'label', folders);
	return { images: join(join(base, split), label), masks: join(join(base, GROUND_TRUTH), label) };
}

/** Paths below the root of all images that readers of the dataset see in train and test. */
export async function listImages(tree: Tree): Promise<Set<string>> {
	const images = new Set<string>();
	for (const { path: base } of await mvtecCategories(tree)) {
		for (const split of ['train', 'test']) {
			const { folders } = await tree.listIfPresent(join(base, split));
			for (const label of folders) {
				if (split === 'train' && !isNormalFolder(label)) continue;
				const folder = join(join(base, split), label);
				for (const name of (await tree.list(folder)).images) images.add(join(folder, name));
			}
		}
	}
	return images;
}

/**
 * Makes a folder below the root, link by link, so that none leads out of it.
 * @returns a function that removes the folders made here as far as they are still empty
 * @throws DinomalyError CONFIG_INVALID, DISK_FULL
 */
export async function makeFolderInside(root: string, folder: string): Promise<() => Promise<void>> {
	const realRoot = await realpath(root);
	const made: string[] = [];
	let below = root;
	for (const part of folder.split('/')) {
		below = path.join(below, part);
		if (await makeFolder(below)) made.unshift(below);
		const way = path.relative(realRoot, await realpath(below));
		if (way === '..' || way.startsWith(`..${path.sep}`) || path.isAbsolute(way)) {
			throw new DinomalyError(
				'CONFIG_INVALID',
				`Expected "${below}" to lie in ${root}, found a link that leaves it`,
				{
					hint: 'Put a folder there instead of the link.',
				},
			);
		}
	}
	return async () => {
		for (const empty of made) {
			try {
				await rmdir(empty);
			} catch {
				return; // another execution put something there
			}
		}
	};
}

/** The categories there are; none in a folder that is new or empty. */
async function mvtecCategories(tree: Tree): Promise<readonly CategorySource[]> {
	for (const layout of LAYOUTS) {
		const sources = await layout.discover(tree);
		if (sources === null) continue;
		if (layout.name === 'mvtec' && sources.every(({ path: base }) => base !== '')) return sources;
		const found = layout.name === 'mvtec' ? 'a single category' : `the layout "${layout.name}"`;
		throw new DinomalyError(
			'DATASET_LAYOUT',
			`Expected a new folder or one with categories in the MVTec AD layout at "${tree.root}", found ${found}`,
			{
				hint: 'Give the folder that holds the categories, or a new one: images are added as <category>/<split>/<label>/<name>.',
			},
		);
	}
	return [];
}

/** Images in a folder of categories would make it a category itself, and hide those in it. */
function refuseParent(category: string, sources: readonly CategorySource[]): void {
	const inside = sources.filter(({ path: base }) => base.startsWith(`${category}/`));
	if (inside.length === 0) return;
	const names = inside.map(({ name }) => `"${name}"`).join(', ');
	throw new DinomalyError(
		'CONFIG_INVALID',
		`Expected a category, found "${category}", a folder with the categories ${names}`,
		{ hint: 'Use one of these, or another name.' },
	);
}

function refuseCaseTwin(name: string, kind: string, known: readonly string[]): void {
	if (known.includes(name)) return;
	const twin = known.find((other) => other.toLowerCase() === name.toLowerCase());
	if (twin === undefined) return;
	throw new DinomalyError(
		'CONFIG_INVALID',
		`Expected the ${kind} "${twin}" as it is written, found "${name}"`,
		{
			hint: `Use "${twin}" to add to it, or a name that differs in more than case.`,
		},
	);
}

/** False when it was there. */
async function makeFolder(folder: string): Promise<boolean> {
	try {
		await mkdir(folder);
		return true;
	} catch (error) {
		if (errorCode(error) !== 'EEXIST') throw await explainWriteError(error, folder);
	}
	// A link that points nowhere exists as well, and is no folder.
	const found = await whenMissing(realpath(folder).then(lstat), undefined);
	if (found?.isDirectory()) return false;
	throw new DinomalyError('CONFIG_INVALID', `Expected a folder at "${folder}", found something else`, {
		hint: 'Remove it, or choose another name.',
	});
}
