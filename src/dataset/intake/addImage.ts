import { createHash } from 'node:crypto';
import { mkdir, realpath, rm } from 'node:fs/promises';
import path from 'node:path';
import { DinomalyError } from '../../errors';
import { writeFileAtomic } from '../../files/atomicFile';
import { explainWriteError } from '../../files/diskError';
import type { ImageFormat } from '../../imaging/fileKind';
import { withLock } from '../../store/lock';
import { GOOD, type Split } from '../dataset';
import { isNormalFolder, type Placement } from '../layouts/layout';
import { join, stemOf, Tree } from '../tree';
import { checkImage, checkMask, type CheckedImage, type IncomingFile } from './checkImage';
import { freeStem, safeStem } from './fileName';
import { hashIndexOf, PRIVATE_FOLDER, type HashIndex } from './hashIndex';
import { checkPlacement, type WantedPlacement } from './placement';
import { findTarget, listImages, makeFolderInside, type TargetFolders } from './targetFolder';

export interface NewImage extends IncomingFile, WantedPlacement {
	/** Same size as the image; only for defects. */
	readonly mask?: IncomingFile;
}

export interface AddImageRequest {
	/** Folder that holds the categories; made when absent. */
	readonly dir: string;
	readonly image: NewImage;
	/** What to do when the dataset has the image already. */
	readonly onDuplicate?: 'skip' | 'fail';
}

export interface AddImageOptions {
	readonly signal?: AbortSignal;
	/** Counts images that are hashed because the index does not know them. */
	readonly onProgress?: (done: number, total: number) => void;
}

export interface AddedImage {
	readonly added: boolean;
	/** Absolute path of the image; of the one that was there when it was not added. */
	readonly file: string;
	/** The same below the dataset's folder, with forward slashes. */
	readonly path: string;
	readonly category: string;
	readonly split: Split;
	readonly label: string;
	/** Absolute path of the mask that was written. */
	readonly maskFile: string | null;
	/** Path below the dataset's folder of the image with the same content, when it was not added. */
	readonly duplicateOf: string | null;
	/** The image that was there is in another category, split or label than this one was to go to. */
	readonly conflict: boolean;
	readonly width: number;
	readonly height: number;
	readonly format: ImageFormat;
	readonly bytes: number;
	readonly sha256: string;
}

interface Checked extends CheckedImage, Placement {
	readonly sha256: string;
	readonly maskFormat: ImageFormat | null;
}

/** Adding takes milliseconds; who waits this long waits for something that hangs. */
const LOCK_WAIT_MS = 60_000;
const EXTENSIONS: Readonly<Partial<Record<ImageFormat, string>>> = { jpeg: 'jpg', tiff: 'tif' };

/**
 * Adds an image to a dataset in the MVTec AD layout, once: the same content is not added again, whatever its name, category, split and
 * label. Image and mask are decoded first; what fails leaves nothing behind. Several processes may add at the same time.
 * @throws DinomalyError CONFIG_INVALID (names, split), IMAGE_UNREADABLE, IMAGE_TOO_LARGE, MASK_MISMATCH, DATASET_LAYOUT,
 * IMAGE_EXISTS (a duplicate, when asked to fail), STORE_BUSY, DISK_FULL
 */
export async function addImage(
	{ dir, image, onDuplicate = 'skip' }: AddImageRequest,
	options: AddImageOptions = {},
): Promise<AddedImage> {
	const checked = await checkAll(image);
	const root = await openRoot(path.resolve(dir));
	const index = hashIndexOf(root);
	await findTarget(await Tree.open(root, options.signal), checked); // before anything is hashed or written
	// Hashing a large dataset for the first time takes long: others need not wait for that.
	await index.learn(await listImages(await Tree.open(root, options.signal)), options);
	await makeFolderInside(root, PRIVATE_FOLDER);
	const lock = { what: `the dataset "${root}"`, waitMs: LOCK_WAIT_MS };
	return withLock(path.join(root, PRIVATE_FOLDER, 'lock'), lock, async () => {
		const tree = await Tree.open(root, options.signal);
		await index.update(await listImages(tree), options);
		const former = await index.find(checked.sha256);
		if (former === undefined) return write(tree, index, { image, checked });
		if (onDuplicate === 'fail') throw exists(image.name, former);
		return describe(tree, { image, checked }, { path: former, mask: null, isFormer: true });
	});
}

async function checkAll(image: NewImage): Promise<Checked> {
	const placement = checkPlacement(image);
	if (image.mask !== undefined && placement.label === GOOD) {
		throw new DinomalyError(
			'MASK_MISMATCH',
			`Expected no mask for an image labelled "${GOOD}", found ${image.mask.name}`,
			{
				hint: 'A mask marks a defect: set the label to the defect type, or leave the mask out.',
			},
		);
	}
	const size = await checkImage(image);
	const mask = image.mask && (await checkMask(image.mask, size));
	const sha256 = createHash('sha256').update(image.bytes).digest('hex');
	return { ...placement, ...size, sha256, maskFormat: mask?.format ?? null };
}

async function openRoot(dir: string): Promise<string> {
	try {
		await mkdir(dir, { recursive: true });
	} catch (error) {
		throw await explainWriteError(error, dir);
	}
	return realpath(dir);
}

async function write(
	tree: Tree,
	index: HashIndex,
	{ image, checked }: { image: NewImage; checked: Checked },
): Promise<AddedImage> {
	const { root } = tree;
	const target = await findTarget(tree, checked);
	const stem = await chooseStem(tree, target, safeStem(image.name), checked.sha256);
	const relative = join(target.images, `${stem}.${extensionOf(checked.format)}`);
	const maskRelative =
		checked.maskFormat === null
			? null
			: join(target.masks, `${stem}_mask.${extensionOf(checked.maskFormat)}`);
	const undo: (() => Promise<void>)[] = [];
	try {
		// The mask first: an image whose mask is still to come would be taken for one without.
		if (image.mask && maskRelative !== null) {
			undo.unshift(await makeFolderInside(root, target.masks));
			undo.unshift(() => rm(tree.absolute(maskRelative), { force: true }));
			await writeFileAtomic(tree.absolute(maskRelative), image.mask.bytes);
		}
		undo.unshift(await makeFolderInside(root, target.images));
		await writeFileAtomic(tree.absolute(relative), image.bytes);
	} catch (error) {
		for (const step of undo) await step();
		throw error;
	}
	await remember(index, relative, checked.sha256);
	return describe(tree, { image, checked }, { path: relative, mask: maskRelative, isFormer: false });
}

/** A stem that no image of the folder has, nor a mask: masks belong to images by their stem, whatever the extension. */
async function chooseStem(
	tree: Tree,
	target: TargetFolders,
	wanted: string,
	sha256: string,
): Promise<string> {
	const taken = new Set<string>();
	for (const name of await tree.imageNames(target.images)) taken.add(stemOf(name).toLowerCase());
	const masks = await tree.imageNames(target.masks);
	const masked = new Set([...masks].map((name) => stemOf(name).toLowerCase()));
	return freeStem(
		wanted,
		sha256,
		(stem) => taken.has(stem) || masked.has(stem) || masked.has(`${stem}_mask`),
	);
}

/** The image is in the dataset; an index that cannot be written costs time at the next call, and nothing else. */
async function remember(index: HashIndex, relative: string, sha256: string): Promise<void> {
	try {
		await index.add(relative, sha256);
		await index.save();
	} catch {
		// kept in memory, and saved with the next image
	}
}

/** Where the image lies, and what it is. */
function describe(
	tree: Tree,
	{ image, checked }: { readonly image: NewImage; readonly checked: Checked },
	at: { readonly path: string; readonly mask: string | null; readonly isFormer: boolean },
): AddedImage {
	const placement = placementOf(at.path);
	const { category, split, label, width, height, format, sha256 } = checked;
	return {
		added: !at.isFormer,
		file: tree.absolute(at.path),
		path: at.path,
		...placement,
		maskFile: at.mask === null ? null : tree.absolute(at.mask),
		duplicateOf: at.isFormer ? at.path : null,
		conflict: placement.category !== category || placement.split !== split || placement.label !== label,
		width,
		height,
		format,
		bytes: image.bytes.length,
		sha256,
	};
}

/** Of a path `<category>/<split>/<label>/<name>`, as readers of the dataset take it. */
function placementOf(image: string): Placement {
	const [category, split, label] = image.split('/').slice(-4);
	return {
		category,
		split: split === 'train' ? 'train' : 'test',
		label: isNormalFolder(label) ? GOOD : label,
	};
}

function extensionOf(format: ImageFormat): string {
	return EXTENSIONS[format] ?? format;
}

function exists(name: string, former: string): DinomalyError {
	return new DinomalyError(
		'IMAGE_EXISTS',
		`Expected a new image, found that ${name} is already in the dataset as ${former}`,
		{
			hint: 'Skip images that are there already instead of failing, or send another image.',
		},
	);
}
