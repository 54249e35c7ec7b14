/**
 * Pixel metrics of a category: the package against what one writes first, in one run on the same maps.
 *
 * The naive version sorts objects for AUROC, AP and F1-max, and goes over all pixels once per threshold for the
 * reference's 200-step AUPRO. It computes neither the exact AUPRO nor AUPIMO, which that way would take a pass per
 * distinct score; ours does, within the same time. `exact` keeps every score, `streaming` counts them in bins.
 *
 * Usage: node dist/bench/metrics.js [maps] [maps for the naive version]
 */
import type { PixelMetrics, PixelMode } from '../src/evaluation/metrics/pixelAccumulator';
import type { Metric } from '../src/evaluation/metrics/metric';
import { PixelAccumulator } from '../src/evaluation/metrics/pixelAccumulator';
import { Report, spreadOf, type Spread } from './support/report';

const SIDE = 256;
const REPEATS = 5;
const NAIVE_REPEATS = 3;
/** The naive AUROC adds up a term per pixel and loses some digits by it; a larger difference would be a mistake. */
const DIFFERENCE_LIMIT = 1e-9;

interface LabelledMap {
	readonly map: Float32Array;
	/** Null for a good image. */
	readonly gtMask: Uint8Array | null;
}

interface NaiveMetrics {
	readonly auroc: number;
	readonly ap: number;
	readonly f1Max: number;
	readonly auproOfficial: number;
}

main(Number(process.argv[2] ?? 100), Number(process.argv[3] ?? 20));

function main(mapCount: number, naiveCount: number): void {
	const maps = randomMaps(mapCount);
	const few = maps.slice(0, naiveCount);
	const report = new Report('metrics');
	console.log(`maps     ${SIDE} x ${SIDE}, every second one with anomalies; processor time`);

	const naive = timed(() => naiveMetrics(few), NAIVE_REPEATS);
	const oursOnFew = timed(() => ourMetrics(few, 'exact'), REPEATS);
	const exact = timed(() => ourMetrics(maps, 'exact'), REPEATS);
	const streaming = timed(() => ourMetrics(maps, 'histogram'), REPEATS);
	const add = (what: string, value: Spread): void => {
		report.figure({ what, unit: 'ms', value });
	};
	add(`naive, ${naiveCount} maps: AUROC, AP, F1-max, 200-step AUPRO`, naive.time);
	add(`exact, ${naiveCount} maps: the same, the exact AUPRO and AUPIMO`, oursOnFew.time);
	add(`exact, ${mapCount} maps`, exact.time);
	add(`counted in bins, ${mapCount} maps`, streaming.time);
	report.figure({
		what: `naive against exact, ${naiveCount} maps`,
		unit: 'times',
		value: spreadOf([naive.time.median / oursOnFew.time.median]),
	});
	console.log(
		`largest difference of a metric: ${largestDifference(naive.result, oursOnFew.result).toExponential(1)}`,
	);
	for (const [name, metric] of Object.entries(streaming.result) as [keyof PixelMetrics, Metric][]) {
		const precise = exact.result[name].value;
		if (metric.value === null || precise === null) continue;
		const off = Math.abs(metric.value - precise);
		const bound = metric.errorBound ?? 0;
		if (off > bound + DIFFERENCE_LIMIT)
			throw new Error(`${name} is off by ${off}, its bound is ${bound}`);
		console.log(
			`counted in bins, ${name}: off by ${off.toExponential(1)}, bound ${bound.toExponential(1)}`,
		);
	}
	report.end();
}

function ourMetrics(maps: readonly LabelledMap[], mode: PixelMode): PixelMetrics {
	const pixels = new PixelAccumulator({ mode });
	for (const { map, gtMask } of maps) pixels.add(map, gtMask, SIDE, SIDE);
	return pixels.result();
}

function naiveMetrics(maps: readonly LabelledMap[]): NaiveMetrics {
	const pixels = maps.flatMap(({ map, gtMask }) =>
		Array.from(map, (score, i) => ({ score, anomalous: gtMask !== null && gtMask[i] !== 0 })),
	);
	return { ...naiveRanking(pixels), auproOfficial: naiveAupro(maps) };
}

function naiveRanking(pixels: { score: number; anomalous: boolean }[]): Omit<NaiveMetrics, 'auproOfficial'> {
	const sorted = pixels.sort((a, b) => b.score - a.score);
	const anomalous = sorted.filter((pixel) => pixel.anomalous).length;
	const normal = sorted.length - anomalous;
	let [found, falseAlarms, auroc, ap, f1Max] = [0, 0, 0, 0, 0];
	for (let i = 0; i < sorted.length;) {
		const [lastFound, lastFalseAlarms, threshold] = [found, falseAlarms, sorted[i].score];
		for (; i < sorted.length && sorted[i].score === threshold; i++) {
			if (sorted[i].anomalous) found++;
			else falseAlarms++;
		}
		const precision = found / (found + falseAlarms);
		const recall = found / anomalous;
		auroc += ((falseAlarms - lastFalseAlarms) / normal) * ((found + lastFound) / 2 / anomalous);
		ap += ((found - lastFound) / anomalous) * precision;
		f1Max = Math.max(f1Max, (2 * precision * recall) / (precision + recall + 1e-7));
	}
	return { auroc, ap, f1Max };
}

function naiveAupro(maps: readonly LabelledMap[]): number {
	const regions = maps.flatMap(({ map, gtMask }) =>
		gtMask === null ? [] : naiveRegions(gtMask).map((pixels) => ({ map, pixels })),
	);
	let [min, max] = [Infinity, -Infinity];
	for (const { map } of maps) {
		for (const score of map) {
			min = Math.min(min, score);
			max = Math.max(max, score);
		}
	}
	const range = Math.fround(max - min);
	const step = range / 200;
	const curve: { fpr: number; pro: number }[] = [];
	for (let t = 0; t < range / step; t++) {
		const threshold = Math.fround(min + t * (min + step - min));
		let [normal, falseAlarms] = [0, 0];
		for (const { map, gtMask } of maps) {
			for (let i = 0; i < map.length; i++) {
				if (gtMask !== null && gtMask[i] !== 0) continue;
				normal++;
				if (map[i] > threshold) falseAlarms++;
			}
		}
		let overlap = 0;
		for (const { map, pixels } of regions) {
			let hits = 0;
			for (const i of pixels) if (map[i] > threshold) hits++;
			overlap += hits / pixels.length;
		}
		if (falseAlarms / normal < 0.3)
			curve.push({ fpr: falseAlarms / normal, pro: overlap / regions.length });
	}
	let area = 0;
	for (let i = 1; i < curve.length; i++)
		area += ((curve[i - 1].fpr - curve[i].fpr) * (curve[i - 1].pro + curve[i].pro)) / 2;
	return area / curve[0].fpr;
}

function naiveRegions(mask: Uint8Array): number[][] {
	const seen = new Uint8Array(mask.length);
	const regions: number[][] = [];
	for (let start = 0; start < mask.length; start++) {
		if (mask[start] === 0 || seen[start] !== 0) continue;
		const region = [start];
		seen[start] = 1;
		for (let r = 0; r < region.length; r++) {
			const x = region[r] % SIDE;
			const y = Math.floor(region[r] / SIDE);
			for (let ny = Math.max(0, y - 1); ny <= Math.min(SIDE - 1, y + 1); ny++) {
				for (let nx = Math.max(0, x - 1); nx <= Math.min(SIDE - 1, x + 1); nx++) {
					const i = ny * SIDE + nx;
					if (mask[i] === 0 || seen[i] !== 0) continue;
					seen[i] = 1;
					region.push(i);
				}
			}
		}
		regions.push(region);
	}
	return regions;
}

/** Noise with round bumps; the masks are discs around them, in every second image. */
function randomMaps(count: number): LabelledMap[] {
	const random = linearCongruential(1);
	return Array.from({ length: count }, (_, index) => {
		const map = new Float32Array(SIDE * SIDE).map(() => 0.1 + 0.2 * random() * random());
		if (index % 2 === 0) return { map, gtMask: null };
		const gtMask = new Uint8Array(SIDE * SIDE);
		for (let disc = 0; disc < 3; disc++) {
			addDisc(map, gtMask, { x: random() * SIDE, y: random() * SIDE, radius: 8 + 20 * random() });
		}
		return { map, gtMask };
	});
}

function addDisc(
	map: Float32Array,
	gtMask: Uint8Array,
	disc: { x: number; y: number; radius: number },
): void {
	for (let i = 0; i < map.length; i++) {
		const distance = Math.hypot((i % SIDE) - disc.x, Math.floor(i / SIDE) - disc.y) / disc.radius;
		if (distance < 1) gtMask[i] = 1;
		map[i] += 0.15 * Math.exp(-(distance ** 2));
	}
}

/** Numbers in [0, 1), the same on every machine (multiplier of Numerical Recipes). */
function linearCongruential(seed: number): () => number {
	let state = seed;
	return () => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return state / 2 ** 32;
	};
}

/** Processor time of this one thread, which other programs on the machine do not lengthen as they do the time on the clock. */
function timed<T>(work: () => T, repeats: number): { result: T; time: Spread } {
	let result = work();
	const times = Array.from({ length: repeats }, () => {
		const start = process.cpuUsage();
		result = work();
		const { user, system } = process.cpuUsage(start);
		return (user + system) / 1000;
	});
	return { result, time: spreadOf(times) };
}

function largestDifference(naive: NaiveMetrics, ours: PixelMetrics): number {
	const names = ['auroc', 'ap', 'f1Max', 'auproOfficial'] as const;
	const largest = Math.max(...names.map((name) => Math.abs(naive[name] - (ours[name].value ?? NaN))));
	if (!(largest < DIFFERENCE_LIMIT)) throw new Error(`The two versions differ by ${largest}`);
	return largest;
}
