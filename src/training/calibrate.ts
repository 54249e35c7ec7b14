import type { ImageEntry } from '../dataset/dataset';
import { PIXEL_LEVELS, type CalibrationFile, type PixelCalibration } from '../store/calibration';
import { halfToFloat32 } from '../weights/halfPrecision';
import type { Scorer } from '../scoring/scorer';
import type { FeatureSource } from './trainer';

export interface CalibrateOptions {
	readonly groups: number;
	readonly signal: AbortSignal;
	readonly onProgress: (done: number, total: number) => void;
}

/** Scores held-out normal images: image scores and map statistics per category and over all. */
export async function calibrate(
	scorer: Scorer,
	entries: readonly ImageEntry[],
	features: FeatureSource,
	options: CalibrateOptions,
): Promise<CalibrationFile> {
	const scores = new Map<string, number[]>();
	const maps = new Map<string, Float32Array[]>();
	for (const [i, { category }] of entries.entries()) {
		options.signal.throwIfAborted();
		const { score, map } = await scorer.score(
			splitGroups(halfToFloat32(await features.get(i)), options.groups),
		);
		append(scores, category, score);
		append(maps, category, map);
		options.onProgress(i + 1, entries.length);
	}
	const ordered = [...scores].map(
		([category, values]) => [category, values.sort((a, b) => a - b)] as const,
	);
	return {
		schemaVersion: 1,
		created: new Date().toISOString(),
		scores: Object.fromEntries(ordered),
		pixel: Object.fromEntries([...maps].map(([category, own]) => [category, pixelCalibration(own)])),
		pooledPixel: pixelCalibration([...maps.values()].flat()),
	};
}

/** All groups one after the other as one array per group, without copying. */
export function splitGroups(features: Float32Array, groups: number): Float32Array[] {
	const size = features.length / groups;
	return Array.from({ length: groups }, (_, k) => features.subarray(k * size, (k + 1) * size));
}

function pixelCalibration(maps: readonly Float32Array[]): PixelCalibration {
	const pixels = maps.reduce((sum, map) => sum + map.length, 0);
	const all = new Float32Array(pixels);
	let offset = 0;
	for (const map of maps) {
		all.set(map, offset);
		offset += map.length;
	}
	all.sort();
	return {
		pixels,
		maxPerImage: maps
			.map((map) => map.reduce((largest, value) => Math.max(largest, value), -Infinity))
			.sort((a, b) => a - b),
		quantiles: PIXEL_LEVELS.map((level) => ({
			level,
			value: all[Math.min(pixels - 1, Math.ceil(level * pixels) - 1)],
		})),
	};
}

function append<T>(groups: Map<string, T[]>, key: string, value: T): void {
	const group = groups.get(key);
	if (group) group.push(value);
	else groups.set(key, [value]);
}
