/** Metrics by their definitions, one threshold after the other, without a sort or a clever step. */

export interface MaskedMap {
	readonly map: Float32Array;
	readonly mask: Uint8Array;
}

export function bruteAuroc(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
	let won = 0;
	let pairs = 0;
	for (let p = 0; p < scores.length; p++) {
		for (let n = 0; n < scores.length; n++) {
			if (labels[p] === 0 || labels[n] !== 0) continue;
			pairs++;
			if (scores[p] > scores[n]) won++;
			if (scores[p] === scores[n]) won += 0.5;
		}
	}
	return won / pairs;
}

export function bruteAp(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
	let ap = 0;
	let lastRecall = 0;
	for (const threshold of descending(scores)) {
		const { precision, recall } = confusion(scores, labels, threshold);
		ap += (recall - lastRecall) * precision;
		lastRecall = recall;
	}
	return ap;
}

export function bruteF1Max(
	scores: ArrayLike<number>,
	labels: ArrayLike<number>,
): { value: number; threshold: number } {
	let best = { value: -1, threshold: NaN };
	for (const threshold of descending(scores)) {
		const { precision, recall } = confusion(scores, labels, threshold);
		const f1 = (2 * precision * recall) / (precision + recall + 1e-7);
		if (f1 >= best.value) best = { value: f1, threshold };
	}
	return best;
}

/** Area under the curve of all thresholds from (0, 0), cut at `maxFpr` and divided by it. */
export function bruteAupro(images: readonly MaskedMap[], width: number, maxFpr: number): number {
	const scores = images.flatMap(({ map }) => [...map]);
	const regions = images.flatMap(({ map, mask }) =>
		floodFill(mask, width).map((pixels) => pixels.map((i) => map[i])),
	);
	const normal = images.flatMap(({ map, mask }) => [...map].filter((_, i) => mask[i] === 0));
	const share = (of: number[], threshold: number): number =>
		of.filter((s) => s >= threshold).length / of.length;
	let area = 0;
	let last = { fpr: 0, pro: 0 };
	for (const threshold of descending(scores)) {
		const fpr = share(normal, threshold);
		const pro = regions.reduce((sum, region) => sum + share(region, threshold), 0) / regions.length;
		if (fpr > maxFpr) {
			const proAtLimit = last.pro + ((pro - last.pro) * (maxFpr - last.fpr)) / (fpr - last.fpr);
			area += ((maxFpr - last.fpr) * (last.pro + proAtLimit)) / 2;
			return area / maxFpr;
		}
		area += ((fpr - last.fpr) * (last.pro + pro)) / 2;
		last = { fpr, pro };
	}
	return area / maxFpr;
}

/** Pixels of each 8-connected region, regions in the order of their first pixel. */
export function floodFill(mask: Uint8Array, width: number): number[][] {
	const seen = new Set<number>();
	const regions: number[][] = [];
	for (let start = 0; start < mask.length; start++) {
		if (mask[start] === 0 || seen.has(start)) continue;
		const region: number[] = [];
		const open = [start];
		seen.add(start);
		for (let i = open.pop(); i !== undefined; i = open.pop()) {
			region.push(i);
			for (const next of neighbours(i, width, mask.length / width)) {
				if (mask[next] === 0 || seen.has(next)) continue;
				seen.add(next);
				open.push(next);
			}
		}
		regions.push(region);
	}
	return regions;
}

function neighbours(i: number, width: number, height: number): number[] {
	const x = i % width;
	const y = Math.floor(i / width);
	const found: number[] = [];
	for (let ny = y - 1; ny <= y + 1; ny++) {
		for (let nx = x - 1; nx <= x + 1; nx++) {
			const inside = nx >= 0 && ny >= 0 && nx < width && ny < height;
			if (inside && (nx !== x || ny !== y)) found.push(ny * width + nx);
		}
	}
	return found;
}

function descending(scores: ArrayLike<number>): number[] {
	return [...new Set(Array.from(scores))].sort((a, b) => b - a);
}

function confusion(
	scores: ArrayLike<number>,
	labels: ArrayLike<number>,
	threshold: number,
): { precision: number; recall: number } {
	let found = 0;
	let flagged = 0;
	let anomalous = 0;
	for (let i = 0; i < scores.length; i++) {
		if (labels[i] !== 0) anomalous++;
		if (scores[i] < threshold) continue;
		flagged++;
		if (labels[i] !== 0) found++;
	}
	return { precision: found / flagged, recall: found / anomalous };
}
