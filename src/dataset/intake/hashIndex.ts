import path from 'node:path';
import { hashFile, type HashOptions } from '../fingerprint';
import { mapLimited } from '../parallel';
import { IndexFile, statImage } from './indexFile';
import { KnownImages, type KnownImage } from './knownImages';

/** Hidden, so that readers of the dataset pass over it. */
export const PRIVATE_FOLDER = '.dinomaly';
const INDEX_FILE = 'images.jsonl';
const PARALLEL = 8;
/** The file is written anew once it has this many times as many lines as there are images, and some more. */
const LARGEST_EXCESS = 2;
const EXCESS_ALLOWED = 1000;

type LearnOptions = Omit<HashOptions, 'parallel'>;

/**
 * The content hashes of a dataset's images, kept in memory and in a file of the dataset. Files that appear, vanish or are renamed are
 * noticed at every call; ones that change under their name when the index is first used in a process, and when their hash matters.
 */
export class HashIndex {
	private readonly known = new KnownImages();
	private readonly file: IndexFile;
	private readonly unsaved = new Map<string, KnownImage>();
	private statsChecked = false;
	private work: Promise<unknown> = Promise.resolve();

	constructor(private readonly root: string) {
		this.file = new IndexFile(path.join(root, PRIVATE_FOLDER, INDEX_FILE));
	}

	/**
	 * Reads what other processes added and hashes images that are not known. Others may be adding meanwhile.
	 * @param images paths below the root, with forward slashes
	 * @returns number of images hashed
	 */
	learn(images: ReadonlySet<string>, options: LearnOptions = {}): Promise<number> {
		// One at a time: two executions that start together must not hash everything twice.
		const turn = this.work.then(
			() => this.hashUnknown(images, options),
			() => this.hashUnknown(images, options),
		);
		this.work = turn;
		return turn;
	}

	/**
	 * Brings the index to what the folder holds: learns, and forgets images that are gone. Only the holder of the dataset's lock may, since
	 * a list made before another process added an image would have it forgotten.
	 */
	async update(images: ReadonlySet<string>, options: LearnOptions = {}): Promise<number> {
		const hashed = await this.learn(images, options);
		for (const { path: image } of [...this.known.all()]) if (!images.has(image)) this.forget(image);
		return hashed;
	}

	/** Path of an image with this content, looked at again to be sure; undefined when there is none. */
	async find(sha256: string): Promise<string | undefined> {
		for (const image of this.known.withHash(sha256)) {
			const now = await this.rehashIfChanged(image);
			if (now === sha256) return image;
		}
		return undefined;
	}

	/** Remembers an image that was just written; to be saved with `save`. */
	async add(image: string, sha256: string): Promise<void> {
		const found = await statImage(this.absolute(image));
		if (found) this.remember({ path: image, ...found, sha256 });
	}

	/** Writes what is not yet in the file; only the holder of the dataset's lock may. */
	async save(): Promise<void> {
		const pending = [...this.unsaved.values()];
		if (this.file.lines + pending.length > this.known.size * LARGEST_EXCESS + EXCESS_ALLOWED)
			await this.file.rewrite(this.known.all());
		else if (pending.length > 0) await this.file.append(pending);
		for (const image of pending) {
			if (this.unsaved.get(image.path) === image) this.unsaved.delete(image.path);
		}
	}

	private async hashUnknown(images: ReadonlySet<string>, options: LearnOptions): Promise<number> {
		await this.readFile();
		const suspects = this.statsChecked
			? [...images].filter((image) => !this.known.get(image))
			: [...images];
		const stale = await this.findStale(suspects, options.signal);
		await mapLimited(stale, (image) => this.hash(image, options.signal), { ...options, limit: PARALLEL });
		this.statsChecked = true;
		return stale.length;
	}

	private async readFile(): Promise<void> {
		const { images, restarted } = await this.file.read();
		if (restarted) this.known.clear();
		for (const image of images) this.known.add(image);
		for (const image of this.unsaved.values()) this.known.add(image);
	}

	/** Those that are not known as they are now. */
	private async findStale(images: readonly string[], signal?: AbortSignal): Promise<string[]> {
		const checks = await mapLimited(images, (image) => this.isKnownAsItIs(image), {
			limit: PARALLEL,
			signal,
		});
		return images.filter((_, i) => !checks[i]);
	}

	private async isKnownAsItIs(image: string): Promise<boolean> {
		const known = this.known.get(image);
		if (known === undefined) return false;
		const found = await statImage(this.absolute(image));
		return found?.bytes === known.bytes && found.mtimeMs === known.mtimeMs;
	}

	private async rehashIfChanged(image: string): Promise<string | undefined> {
		if (!(await this.isKnownAsItIs(image))) await this.hash(image);
		return this.known.get(image)?.sha256;
	}

	private async hash(image: string, signal?: AbortSignal): Promise<void> {
		const found = await statImage(this.absolute(image));
		if (found === undefined) {
			this.forget(image); // deleted since the folder was listed
			return;
		}
		this.remember({ path: image, ...found, sha256: await hashFile(this.absolute(image), signal) });
	}

	private remember(image: KnownImage): void {
		this.known.add(image);
		this.unsaved.set(image.path, image);
	}

	private forget(image: string): void {
		this.known.remove(image);
		this.unsaved.delete(image);
	}

	private absolute(image: string): string {
		return path.join(this.root, ...image.split('/'));
	}
}

/** Indexes stay in memory for as many datasets as are filled at the same time. */
const MOST_OPEN = 16;
const open = new Map<string, HashIndex>();

/** The index of a dataset, shared by all who ask for it in this process. @param root real path of the dataset's folder */
export function hashIndexOf(root: string): HashIndex {
	const index = open.get(root) ?? new HashIndex(root);
	open.delete(root);
	open.set(root, index); // last in the order of use
	for (const oldest of open.keys()) {
		if (open.size <= MOST_OPEN) break;
		open.delete(oldest);
	}
	return index;
}
