/** What is known of an image in a dataset without reading it. */
export interface KnownImage {
	/** Below the dataset's root, with forward slashes. */
	readonly path: string;
	readonly bytes: number;
	readonly mtimeMs: number;
	readonly sha256: string;
}

/** Known images, to be found by path and by content. */
export class KnownImages {
	private readonly byPath = new Map<string, KnownImage>();
	private readonly byHash = new Map<string, Set<string>>();

	get size(): number {
		return this.byPath.size;
	}

	get(path: string): KnownImage | undefined {
		return this.byPath.get(path);
	}

	all(): IterableIterator<KnownImage> {
		return this.byPath.values();
	}

	add(image: KnownImage): void {
		this.remove(image.path);
		this.byPath.set(image.path, image);
		const twins = this.byHash.get(image.sha256);
		if (twins) twins.add(image.path);
		else this.byHash.set(image.sha256, new Set([image.path]));
	}

	remove(path: string): void {
		const image = this.byPath.get(path);
		if (image === undefined) return;
		this.byPath.delete(path);
		const twins = this.byHash.get(image.sha256);
		twins?.delete(path);
		if (twins?.size === 0) this.byHash.delete(image.sha256);
	}

	clear(): void {
		this.byPath.clear();
		this.byHash.clear();
	}

	/** Paths of the images with this content. */
	withHash(sha256: string): string[] {
		return [...(this.byHash.get(sha256) ?? [])];
	}
}
