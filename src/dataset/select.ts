import { GOOD, type Dataset, type ImageEntry, type Split } from './dataset';
import { compareBytewise } from './order';

export interface ImageSelection {
	readonly categories?: readonly string[];
	readonly split?: Split;
	/** Labels, or `anomalous` for every label but `good`; all when empty. */
	readonly labels?: readonly string[];
	/** Path below the root: only images that come after it. */
	readonly after?: string;
	readonly limit?: number;
}

const ANOMALOUS = 'anomalous';

/**
 * The images of a dataset that a selection names, in bytewise order of their paths: with `after` and `limit`, pages stay the same however
 * many images are added in between.
 */
export function selectImages(
	{ categories }: Dataset,
	{ categories: wanted, split, labels = [], after, limit = Infinity }: ImageSelection,
): ImageEntry[] {
	const chosen = new Set(labels.map((label) => label.toLowerCase()));
	return categories
		.filter(({ name }) => wanted === undefined || wanted.includes(name))
		.flatMap(({ train, test }) => [...train, ...test])
		.filter((image) => split === undefined || image.split === split)
		.filter((image) => chosen.size === 0 || hasLabel(image, chosen))
		.filter(({ relativePath }) => after === undefined || compareBytewise(relativePath, after) > 0)
		.sort((a, b) => compareBytewise(a.relativePath, b.relativePath))
		.slice(0, limit);
}

function hasLabel({ label, anomalous }: ImageEntry, labels: ReadonlySet<string>): boolean {
	if (anomalous && labels.has(ANOMALOUS)) return true;
	return labels.has((anomalous ? label : GOOD).toLowerCase());
}
