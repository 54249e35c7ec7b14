import type { CategoryInspection, DatasetInspection } from './inspect';

/** An inspection in one row: numbers to decide by, and the reasons as text. */
export interface InspectionRow {
	readonly folder: string;
	readonly layout: string;
	readonly train: number;
	readonly testGood: number;
	readonly testAnomalous: number;
	/** "dent (8), scratch (5)" */
	readonly defects: string;
	readonly masksPaired: number;
	/** Anomalous test images without a mask. */
	readonly masksMissing: number;
	readonly maskSizeMismatches: number;
	/** Images and masks that cannot be read. */
	readonly unreadable: number;
	/** Contents that are there more than once. */
	readonly duplicates: number;
	/** Of these, contents that are in train and in test. */
	readonly leaks: number;
	/** Of these, contents with more than one label. */
	readonly contradictions: number;
	/** "320x320 (12), 640x480 (2)" */
	readonly sizes: string;
	readonly formats: string;
	/** Whether there is something to train on. */
	readonly trainable: boolean;
	/** Lines of the report. */
	readonly warnings: number;
	/** What should be looked at, a line each; empty when all is well. */
	readonly report: string;
}

export interface InspectionSummary extends InspectionRow {
	readonly images: number;
	readonly categories: number;
	/** "bolt, nut" */
	readonly categoryNames: string;
}

export interface CategoryRow extends InspectionRow {
	readonly category: string;
}

type Found = Pick<DatasetInspection, 'unreadable' | 'maskSizeMismatches' | 'duplicates'>;

/** More names would bury the sentence. */
const MOST_NAMED = 3;
/** Enough to begin with: whoever has more to mend inspects again. */
const MOST_LINES = 50;

/** The whole dataset in one row. */
export function summariseInspection(inspection: DatasetInspection): InspectionSummary {
	const { categories, images, problems } = inspection;
	const warnings = problems.filter(({ severity }) => severity === 'warning').map(({ message }) => message);
	return {
		images,
		categories: categories.length,
		categoryNames: categories.map(({ name }) => name).join(', '),
		...rowOf(inspection, categories, { ...inspection, more: warnings }),
	};
}

/** A row for each category. A finding that concerns two categories is counted in both. */
export function categoryRows(inspection: DatasetInspection): CategoryRow[] {
	return inspection.categories.map((one) => ({
		category: one.name,
		...rowOf(inspection, [one], {
			unreadable: inspection.unreadable.filter(({ category }) => category === one.name),
			maskSizeMismatches: inspection.maskSizeMismatches.filter(({ category }) => category === one.name),
			duplicates: inspection.duplicates.filter(({ categories }) => categories.includes(one.name)),
			more: [],
		}),
	}));
}

function rowOf(
	{ root, layout }: DatasetInspection,
	categories: readonly CategoryInspection[],
	found: Found & { readonly more: readonly string[] },
): InspectionRow {
	const { unreadable, maskSizeMismatches, duplicates } = found;
	const total = (count: (one: CategoryInspection) => number): number =>
		categories.reduce((sum, one) => sum + count(one), 0);
	const lines = reportLines(categories, found);
	return {
		folder: root,
		layout,
		train: total(({ train }) => train),
		testGood: total(({ test }) => test.good),
		testAnomalous: total(({ test }) => sum(Object.values(test.defects))),
		defects: counted(categories.flatMap(({ test }) => Object.entries(test.defects))),
		masksPaired: total(({ masks }) => masks.paired),
		masksMissing: total(({ masks }) => masks.missing),
		maskSizeMismatches: maskSizeMismatches.length,
		unreadable: unreadable.length,
		duplicates: duplicates.length,
		leaks: duplicates.filter(({ leak }) => leak).length,
		contradictions: duplicates.filter(({ contradiction }) => contradiction).length,
		sizes: counted(
			categories.flatMap(({ sizes }) =>
				sizes.map(({ width, height, count }): [string, number] => [`${width}x${height}`, count]),
			),
		),
		formats: counted(categories.flatMap(({ formats }) => Object.entries(formats))),
		trainable: categories.some(({ train }) => train > 0),
		warnings: lines.length,
		report: shortened(lines).join('\n'),
	};
}

function reportLines(
	categories: readonly CategoryInspection[],
	{ unreadable, maskSizeMismatches, duplicates, more }: Found & { readonly more: readonly string[] },
): string[] {
	return [
		...categories
			.filter(({ train }) => train === 0)
			.map(({ name }) => `Category "${name}" has no training images`),
		...categories.flatMap(mixedShapes),
		...unreadable.map(({ file, reason }) => `Cannot be read: ${file}: ${reason}`),
		...maskSizeMismatches.map(
			({ image, imageSize, maskSize }) =>
				`Mask of another size: ${image} is ${imageSize}, its mask ${maskSize}`,
		),
		...duplicates.map(({ files, leak, contradiction }) => {
			const named = files.slice(0, MOST_NAMED).join(', ');
			const rest = files.length > MOST_NAMED ? ` and ${files.length - MOST_NAMED} more` : '';
			const kind = leak
				? 'Same image in train and test'
				: contradiction
					? 'Same image with two labels'
					: 'Same image twice';
			return `${kind}: ${named}${rest}`;
		}),
		...more,
	];
}

/** The aspect is not kept when images are resized, so one product must not come in several. */
function mixedShapes({ name, sizes }: CategoryInspection): string[] {
	const shapes = new Set(sizes.map(({ width, height }) => (width / height).toFixed(1)));
	if (shapes.size < 2) return [];
	const listed = sizes.slice(0, MOST_NAMED).map(({ width, height }) => `${width}x${height}`);
	return [`Category "${name}" has images of different proportions: ${listed.join(', ')}`];
}

function counted(entries: readonly (readonly [string, number])[]): string {
	const counts = new Map<string, number>();
	for (const [name, count] of entries) counts.set(name, (counts.get(name) ?? 0) + count);
	return [...counts]
		.sort(([, a], [, b]) => b - a)
		.map(([name, count]) => `${name} (${count})`)
		.join(', ');
}

function shortened(lines: readonly string[]): readonly string[] {
	if (lines.length <= MOST_LINES) return lines;
	return [...lines.slice(0, MOST_LINES), `and ${lines.length - MOST_LINES} more`];
}

function sum(numbers: readonly number[]): number {
	return numbers.reduce((a, b) => a + b, 0);
}
