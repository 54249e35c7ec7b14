import { type Dirent, promises as fs } from 'node:fs';
import path from 'node:path';
import { DinomalyError } from '../errors';
import type { Problem, ProblemKind } from './dataset';
import { compareBytewise } from './order';

/** What one folder holds, each list in bytewise order; hidden files and system litter are left out. */
export interface Listing {
	readonly folders: readonly string[];
	readonly images: readonly string[];
	/** Images in a format that cannot be decoded. */
	readonly unsupported: readonly string[];
	readonly others: readonly string[];
}

/** Formats that the decoder reads. */
const IMAGE_EXTENSIONS: ReadonlySet<string> = new Set([
	'png',
	'jpg',
	'jpeg',
	'webp',
	'tif',
	'tiff',
	'gif',
	'avif',
	'bmp',
]);
/** Image formats that it does not read, named so that such files are not passed over in silence. */
const UNSUPPORTED_EXTENSIONS: ReadonlySet<string> = new Set(['dib', 'pgm', 'ppm', 'heic', 'jp2', 'tga']);
/** What file managers, NAS systems and archives leave behind. */
const LITTER: ReadonlySet<string> = new Set([
	'thumbs.db',
	'desktop.ini',
	'__macosx',
	'@eadir',
	'$recycle.bin',
]);

/**
 * A read-only view of one dataset folder: names below the root only, one listing per folder, symbolic links that
 * leave the root refused. Collects the problems that the layouts find.
 */
export class Tree {
	readonly root: string;
	readonly problems: Problem[] = [];
	private readonly realRoot: string;
	private readonly signal: AbortSignal | undefined;
	private readonly listings = new Map<string, Promise<Listing>>();

	private constructor(root: string, realRoot: string, signal: AbortSignal | undefined) {
		this.root = root;
		this.realRoot = realRoot;
		this.signal = signal;
	}

	/** @throws DinomalyError INPUT_MISSING when `root` is not a folder that can be read */
	static async open(root: string, signal?: AbortSignal): Promise<Tree> {
		const absolute = path.resolve(root);
		try {
			const realRoot = await fs.realpath(absolute);
			if ((await fs.stat(realRoot)).isDirectory()) return new Tree(absolute, realRoot, signal);
		} catch (cause) {
			throw new DinomalyError(
				'INPUT_MISSING',
				`Expected a dataset folder at "${absolute}", found ${reason(cause)}`,
				{
					hint: 'Check the path and that the process may read it; in a container, check that the folder is mounted.',
					cause,
				},
			);
		}
		throw new DinomalyError('INPUT_MISSING', `Expected a dataset folder at "${absolute}", found a file`, {
			hint: 'Give the folder that holds the images or the categories; unpack archives first.',
		});
	}

	/** Name of the root folder itself. */
	get name(): string {
		return path.basename(this.root);
	}

	absolute(relative: string): string {
		return path.join(this.root, ...relative.split('/'));
	}

	/** Lists a folder given by its path below the root ('' for the root); each folder is read once. */
	list(folder: string): Promise<Listing> {
		const known = this.listings.get(folder);
		if (known) return known;
		const listing = this.read(folder);
		this.listings.set(folder, listing);
		return listing;
	}

	/** Lists a folder, or nothing where there is no such folder. */
	async listIfPresent(folder: string): Promise<Listing> {
		return (await this.hasFolder(folder)) ? this.list(folder) : EMPTY;
	}

	async hasFolder(folder: string): Promise<boolean> {
		const parent = parentOf(folder);
		if (parent === null) return folder === '';
		return (await this.hasFolder(parent)) && (await this.list(parent)).folders.includes(baseOf(folder));
	}

	/** Names of the images of a folder, for lookups; empty where there is no such folder. */
	async imageNames(folder: string): Promise<ReadonlySet<string>> {
		return new Set((await this.listIfPresent(folder)).images);
	}

	async readText(relative: string): Promise<string> {
		this.signal?.throwIfAborted();
		try {
			return await fs.readFile(this.absolute(relative), 'utf8');
		} catch (cause) {
			throw new DinomalyError(
				'INPUT_MISSING',
				`Expected to read "${this.absolute(relative)}", found ${reason(cause)}`,
				{
					hint: 'Check that the process may read the file.',
					cause,
				},
			);
		}
	}

	warn(kind: ProblemKind, at: string, message: string, count = 1): void {
		this.problems.push({ kind, severity: 'warning', path: at, count, message });
	}

	notice(kind: ProblemKind, at: string, message: string, count = 1): void {
		this.problems.push({ kind, severity: 'notice', path: at, count, message });
	}

	private async read(folder: string): Promise<Listing> {
		this.signal?.throwIfAborted();
		const entries = await this.readEntries(folder);
		const folders: string[] = [];
		const images: string[] = [];
		const unsupported: string[] = [];
		const others: string[] = [];
		for (const entry of entries) {
			const { name } = entry;
			if (name.startsWith('.') || LITTER.has(name.toLowerCase())) continue;
			const kind = entry.isSymbolicLink() ? await this.followLink(join(folder, name)) : kindOf(entry);
			if (kind === 'folder') folders.push(name);
			if (kind !== 'file') continue;
			const extension = path.extname(name).slice(1).toLowerCase();
			if (IMAGE_EXTENSIONS.has(extension)) images.push(name);
			else if (UNSUPPORTED_EXTENSIONS.has(extension)) unsupported.push(name);
			else others.push(name);
		}
		if (unsupported.length > 0) this.warnUnsupported(folder, unsupported.sort(compareBytewise));
		return {
			folders: folders.sort(compareBytewise),
			images: images.sort(compareBytewise),
			unsupported,
			others: others.sort(compareBytewise),
		};
	}

	private async readEntries(folder: string): Promise<Dirent[]> {
		try {
			return await fs.readdir(this.absolute(folder), { withFileTypes: true });
		} catch (cause) {
			throw new DinomalyError(
				'INPUT_MISSING',
				`Expected to read folder "${this.absolute(folder)}", found ${reason(cause)}`,
				{
					hint: 'Check that the process may read the folder.',
					cause,
				},
			);
		}
	}

	private async followLink(relative: string): Promise<EntryKind> {
		let target: string;
		try {
			target = await fs.realpath(this.absolute(relative));
		} catch {
			this.warn('linkRefused', relative, `Link "${relative}" points nowhere and is left out`);
			return 'other';
		}
		if (!isInside(this.realRoot, target)) {
			this.warn(
				'linkRefused',
				relative,
				`Link "${relative}" leaves the dataset folder and is not followed`,
			);
			return 'other';
		}
		return kindOf(await fs.stat(target));
	}

	private warnUnsupported(folder: string, names: readonly string[]): void {
		const at = join(folder, names[0]);
		const files = names.length === 1 ? `Image "${at}" is` : `${names.length} images such as "${at}" are`;
		this.warn('unsupportedFormat', at, `${files} not supported: convert to PNG`, names.length);
	}
}

/** Joins names below the root; '' stands for the root. */
export function join(folder: string, name: string): string {
	return folder === '' ? name : `${folder}/${name}`;
}

/** Name without its extension. */
export function stemOf(name: string): string {
	return path.parse(name).name;
}

type EntryKind = 'folder' | 'file' | 'other';

const EMPTY: Listing = { folders: [], images: [], unsupported: [], others: [] };

function kindOf(entry: { isDirectory(): boolean; isFile(): boolean }): EntryKind {
	if (entry.isDirectory()) return 'folder';
	return entry.isFile() ? 'file' : 'other';
}

function parentOf(relative: string): string | null {
	if (relative === '') return null;
	const slash = relative.lastIndexOf('/');
	return slash < 0 ? '' : relative.slice(0, slash);
}

function baseOf(relative: string): string {
	return relative.slice(relative.lastIndexOf('/') + 1);
}

function isInside(root: string, target: string): boolean {
	const relative = path.relative(root, target);
	return relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
}

function reason(cause: unknown): string {
	const code = (cause as NodeJS.ErrnoException | null)?.code;
	if (code === 'ENOENT' || code === 'ENOTDIR') return 'nothing';
	if (code === 'EACCES' || code === 'EPERM') return 'one that this process may not read';
	return code ?? 'an unknown failure';
}
