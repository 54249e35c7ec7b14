import { messageOf } from '../errors';
import type { CategoryImages, Dataset, ImageEntry, LayoutName, Problem, Split } from './dataset';
import { hashFiles, portable } from './fingerprint';
import { compareBytewise } from './order';
import { mapLimited } from './parallel';

/** What an image file says of itself, without decoding its pixels. */
export interface ImageHeader {
	/** Pixels. */
	readonly width: number;
	readonly height: number;
	/** `png`, `jpeg`, ... */
	readonly format: string;
}

export interface InspectOptions {
	/** Reads an image's header; rejects when the file is no image. */
	readonly header: (file: string) => Promise<ImageHeader>;
	/** Files read at the same time. */
	readonly parallel?: number;
	readonly signal?: AbortSignal;
	/** Counts files: every image is read twice, once for its header and once for its hash, and every mask once. */
	readonly onProgress?: (done: number, total: number) => void;
}

export interface CategoryInspection {
	readonly name: string;
	readonly train: number;
	readonly test: {
		readonly good: number;
		/** Defect type to number of images. */
		readonly defects: Readonly<Record<string, number>>;
	};
	/** Of the anomalous test images. */
	readonly masks: { readonly paired: number; readonly missing: number };
	/** Image sizes, most frequent first. */
	readonly sizes: readonly { readonly width: number; readonly height: number; readonly count: number }[];
	readonly formats: Readonly<Record<string, number>>;
}

/** Files with the same content. */
export interface DuplicateGroup {
	readonly hash: string;
	/** Paths below the root. */
	readonly files: readonly string[];
	/** Categories that these files are in. */
	readonly categories: readonly string[];
	/** The content is in train and in test, so that the test flatters the model. */
	readonly leak: boolean;
	/** The same content is called good here and anomalous there, or is two defect types. */
	readonly contradiction: boolean;
}

export interface DatasetInspection {
	readonly root: string;
	readonly layout: LayoutName;
	readonly images: number;
	readonly categories: readonly CategoryInspection[];
	/** Images and masks that cannot be read, with paths below the root. */
	readonly unreadable: readonly {
		readonly category: string;
		readonly file: string;
		readonly reason: string;
	}[];
	/** Masks whose size is not that of their image. */
	readonly maskSizeMismatches: readonly {
		readonly category: string;
		readonly image: string;
		readonly imageSize: string;
		readonly maskSize: string;
	}[];
	readonly duplicates: readonly DuplicateGroup[];
	readonly problems: readonly Problem[];
}

/**
 * Looks at every file of a dataset before a training does: counts, sizes, unreadable files, masks that do not fit,
 * and equal images between and within train and test. Never changes anything and never fails for one bad file.
 */
export async function inspectDataset(dataset: Dataset, options: InspectOptions): Promise<DatasetInspection> {
	const { parallel = DEFAULT_PARALLEL, signal } = options;
	const entries = dataset.categories.flatMap(({ train, test }) => [...train, ...test]);
	const masks = entries.flatMap(({ maskPath }) => (maskPath === null ? [] : [maskPath]));
	const progress = stagedProgress([entries.length + masks.length, entries.length], options.onProgress);
	const limits = { limit: parallel, signal, onProgress: progress[0] };
	const files = [...entries.map(({ path }) => path), ...masks];
	const outcomes = await mapLimited(files, (file) => readHeader(file, options.header), limits);
	const headers = new Map(files.map((file, i) => [file, outcomes[i]]));
	const readable = entries.filter(({ path }) => !isFailure(headers.get(path)));
	const failed = entries.length - readable.length;
	const hashes = await hashFiles(
		readable.map(({ path }) => path),
		{ parallel, signal, onProgress: (done) => progress[1]?.(failed + done) },
	);
	return {
		root: dataset.root,
		layout: dataset.layout,
		images: entries.length,
		categories: dataset.categories.map((category) => inspectCategory(category, headers)),
		unreadable: findUnreadable(dataset.root, entries, headers),
		maskSizeMismatches: findMismatches(entries, headers),
		duplicates: findDuplicates(readable, hashes),
		problems: dataset.problems,
	};
}

const DEFAULT_PARALLEL = 8;

interface Failure {
	readonly reason: string;
}

type Headers = ReadonlyMap<string, ImageHeader | Failure>;

async function readHeader(file: string, header: InspectOptions['header']): Promise<ImageHeader | Failure> {
	try {
		return await header(file);
	} catch (error) {
		return { reason: messageOf(error) };
	}
}

function isFailure(header: ImageHeader | Failure | undefined): header is Failure | undefined {
	return header === undefined || 'reason' in header;
}

function isHeader(header: ImageHeader | Failure | undefined): header is ImageHeader {
	return !isFailure(header);
}

function inspectCategory({ name, train, test }: CategoryImages, headers: Headers): CategoryInspection {
	const anomalous = test.filter((entry) => entry.anomalous);
	const paired = anomalous.filter(({ maskPath }) => maskPath !== null).length;
	const seen = [...train, ...test].map(({ path }) => headers.get(path)).filter(isHeader);
	const sizes = new Map<string, { width: number; height: number; count: number }>();
	for (const { width, height } of seen) {
		const size = sizes.get(`${width}x${height}`) ?? { width, height, count: 0 };
		size.count++;
		sizes.set(`${width}x${height}`, size);
	}
	return {
		name,
		train: train.length,
		test: { good: test.length - anomalous.length, defects: countBy(anomalous.map(({ label }) => label)) },
		masks: { paired, missing: anomalous.length - paired },
		sizes: [...sizes.values()].sort(
			(a, b) => b.count - a.count || a.width - b.width || a.height - b.height,
		),
		formats: countBy(seen.map(({ format }) => format)),
	};
}

function findUnreadable(
	root: string,
	entries: readonly ImageEntry[],
	headers: Headers,
): DatasetInspection['unreadable'] {
	const failures: { category: string; file: string; reason: string }[] = [];
	for (const { path, relativePath, maskPath, category } of entries) {
		const image = headers.get(path);
		if (image && 'reason' in image) failures.push({ category, file: relativePath, reason: image.reason });
		const mask = maskPath === null ? undefined : headers.get(maskPath);
		if (maskPath !== null && mask && 'reason' in mask)
			failures.push({ category, file: portable(root, maskPath), reason: mask.reason });
	}
	return failures;
}

function findMismatches(
	entries: readonly ImageEntry[],
	headers: Headers,
): DatasetInspection['maskSizeMismatches'] {
	const mismatches: { category: string; image: string; imageSize: string; maskSize: string }[] = [];
	for (const { path, relativePath, maskPath, category } of entries) {
		const image = headers.get(path);
		const mask = maskPath === null ? undefined : headers.get(maskPath);
		if (isFailure(image) || isFailure(mask)) continue;
		if (image.width === mask.width && image.height === mask.height) continue;
		mismatches.push({
			category,
			image: relativePath,
			imageSize: sizeText(image),
			maskSize: sizeText(mask),
		});
	}
	return mismatches;
}

function findDuplicates(
	entries: readonly ImageEntry[],
	hashes: ReadonlyMap<string, string>,
): DuplicateGroup[] {
	const groups = new Map<string, ImageEntry[]>();
	for (const entry of entries) {
		const hash = hashes.get(entry.path) ?? '';
		const group = groups.get(hash);
		if (group) group.push(entry);
		else groups.set(hash, [entry]);
	}
	return [...groups]
		.filter(([, members]) => members.length > 1)
		.map(([hash, members]) => ({
			hash,
			files: members.map(({ relativePath }) => relativePath).sort(compareBytewise),
			categories: [...new Set(members.map(({ category }) => category))].sort(compareBytewise),
			leak: new Set<Split>(members.map(({ split }) => split)).size > 1,
			contradiction: new Set(members.map(({ label }) => label)).size > 1,
		}))
		.sort((a, b) => Number(b.leak) - Number(a.leak) || compareBytewise(a.files[0], b.files[0]));
}

function countBy(names: readonly string[]): Record<string, number> {
	const counts = new Map<string, number>();
	for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
	return Object.fromEntries([...counts].sort(([a], [b]) => compareBytewise(a, b)));
}

function sizeText({ width, height }: ImageHeader): string {
	return `${width}x${height}`;
}

/** One progress callback per stage, that together count once from 0 to the sum. */
function stagedProgress(
	totals: readonly number[],
	onProgress: InspectOptions['onProgress'],
): (((done: number) => void) | undefined)[] {
	if (!onProgress) return totals.map(() => undefined);
	const sum = totals.reduce((a, b) => a + b, 0);
	let before = 0;
	return totals.map((total) => {
		const start = before;
		before += total;
		return (done: number) => {
			onProgress(start + done, sum);
		};
	});
}
