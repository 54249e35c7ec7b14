import { DinomalyError } from '../errors';

/** Connected components of a binary image. */
export interface Components {
	/** Label of each pixel, row-major: 0 = background, 1..count in the order of each component's first pixel. */
	readonly labels: Int32Array;
	readonly count: number;
	/** Pixels per label, indexed by label: `areas[0]` counts the background; length is `count + 1`. */
	readonly areas: Int32Array;
}

/**
 * Labels the 8-connected components of a binary image in time linear in its pixels.
 *
 * @param mask row-major, `width * height` bytes; every byte other than 0 is foreground
 * @throws DinomalyError MASK_MISMATCH when the mask has not `width * height` bytes
 */
export function labelComponents(mask: Uint8Array, width: number, height: number): Components {
	if (mask.length !== width * height) throw wrongLength(mask.length, width, height);
	const labels = new Int32Array(mask.length);
	const parents = labelProvisionally(mask, labels, width);
	const count = numberRoots(parents);
	const areas = new Int32Array(count + 1);
	for (let i = 0; i < labels.length; i++) {
		const label = parents[labels[i]];
		labels[i] = label;
		areas[label]++;
	}
	return { labels, count, areas };
}

/**
 * Raster pass: a pixel takes the label of a neighbour above or to the left, or a new one. Only the neighbour above
 * to the right can bring two so far separate labels together; all others touch each other.
 * Returns the forest of equivalent labels, in which a parent is never larger than its child.
 */
function labelProvisionally(mask: Uint8Array, labels: Int32Array, width: number): Int32Array {
	const height = width === 0 ? 0 : mask.length / width;
	// New labels are never 8-adjacent to each other, so each 2 x 2 block begins at most one.
	const parents = new Int32Array(((width + 1) >> 1) * ((height + 1) >> 1) + 1);
	let next = 1;
	let i = 0;
	for (let y = 0; y < height; y++) {
		for (let x = 0; x < width; x++, i++) {
			if (mask[i] === 0) continue;
			const above = y > 0 ? labels[i - width] : 0;
			if (above !== 0) {
				labels[i] = above;
				continue;
			}
			let left = x > 0 ? labels[i - 1] : 0;
			if (left === 0 && x > 0 && y > 0) left = labels[i - width - 1];
			const right = y > 0 && x + 1 < width ? labels[i - width + 1] : 0;
			if (left !== 0) {
				labels[i] = right === 0 ? left : unite(parents, left, right);
			} else if (right !== 0) {
				labels[i] = right;
			} else {
				parents[next] = next;
				labels[i] = next++;
			}
		}
	}
	return parents.subarray(0, next);
}

/** Joins two trees under the smaller root and returns it. */
function unite(parents: Int32Array, a: number, b: number): number {
	const rootA = findRoot(parents, a);
	const rootB = findRoot(parents, b);
	const root = Math.min(rootA, rootB);
	parents[rootA] = root;
	parents[rootB] = root;
	return root;
}

function findRoot(parents: Int32Array, label: number): number {
	while (parents[label] !== label) {
		parents[label] = parents[parents[label]];
		label = parents[label];
	}
	return label;
}

/** Replaces every entry by the final label of its root, numbered without gaps from 1; returns how many there are. */
function numberRoots(parents: Int32Array): number {
	let count = 0;
	// Parents come before their children, so a parent's entry already is its final label.
	for (let label = 1; label < parents.length; label++) {
		parents[label] = parents[label] === label ? ++count : parents[parents[label]];
	}
	return count;
}

function wrongLength(found: number, width: number, height: number): DinomalyError {
	return new DinomalyError(
		'MASK_MISMATCH',
		`Expected a mask of ${width} x ${height} = ${width * height} pixels, found ${found}`,
		{ hint: 'Resize the mask to the width and height it is labelled at.' },
	);
}
