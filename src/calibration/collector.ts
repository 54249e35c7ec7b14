import { PIXEL_LEVELS, type CalibrationFile, type PixelCalibration } from '../store/calibration';

/** Map values that are kept for quantiles, over all images: 80 MB. More images are read more coarsely. */
const MAX_VALUES = 20_000_000;

/** What scoring one image of known truth gave. */
export interface MeasuredImage {
	readonly category: string;
	readonly anomalous: boolean;
	readonly score: number;
	/** Anomaly map; only those of normal images are looked at. */
	readonly map: Float32Array;
	/** 0 for values of the map that do not count; all do when absent. */
	readonly inspected?: Uint8Array;
}

/** Gathers scores and maps of images of known truth into what `calibration.json` holds. */
export class CalibrationCollector {
	private readonly normal = new Map<string, number[]>();
	private readonly anomalous = new Map<string, number[]>();
	private readonly maps = new Map<string, MapValues[]>();

	/** @param images how many will come at most */
	constructor(private readonly images: number) {}

	add({ category, anomalous, score, map, inspected }: MeasuredImage): void {
		append(anomalous ? this.anomalous : this.normal, category, score);
		if (!anomalous) append(this.maps, category, this.valuesOf(countedValues(map, inspected)));
	}

	get normalImages(): number {
		return [...this.normal.values()].flat().length;
	}

	get anomalousImages(): number {
		return [...this.anomalous.values()].flat().length;
	}

	/** The measurements by category and over all; the decision policy is for the caller to add. */
	result(): Omit<CalibrationFile, 'policy' | 'source'> {
		const maps = [...this.maps];
		return {
			schemaVersion: 1,
			created: new Date().toISOString(),
			scores: ascending(this.normal),
			...(this.anomalous.size > 0 && { anomalousScores: ascending(this.anomalous) }),
			pixel: Object.fromEntries(maps.map(([category, own]) => [category, pixelCalibration(own)])),
			pooledPixel: pixelCalibration(maps.flatMap(([, own]) => own)),
		};
	}

	private valuesOf(map: Float32Array): MapValues {
		let largest = -Infinity;
		for (let i = 0; i < map.length; i++) if (map[i] > largest) largest = map[i];
		const stride = Math.max(1, Math.ceil((this.images * map.length) / MAX_VALUES));
		if (stride === 1) return { values: map, largest };
		const values = new Float32Array(Math.ceil(map.length / stride));
		for (let i = 0; i < values.length; i++) values[i] = map[i * stride];
		return { values, largest };
	}
}

/** The values of a map that count. */
function countedValues(map: Float32Array, inspected: Uint8Array | undefined): Float32Array {
	return inspected === undefined ? map : map.filter((_, i) => inspected[i] !== 0);
}

interface MapValues {
	readonly values: Float32Array;
	/** Of the whole map, whatever part of it is kept. */
	readonly largest: number;
}

/** Ascending lists by category. */
export function ascending(scores: ReadonlyMap<string, readonly number[]>): Record<string, number[]> {
	return Object.fromEntries(
		[...scores].map(([category, values]) => [category, [...values].sort((a, b) => a - b)]),
	);
}

function pixelCalibration(maps: readonly MapValues[]): PixelCalibration {
	const pixels = maps.reduce((sum, { values }) => sum + values.length, 0);
	const all = new Float32Array(pixels);
	let offset = 0;
	for (const { values } of maps) {
		all.set(values, offset);
		offset += values.length;
	}
	all.sort();
	return {
		pixels,
		maxPerImage: maps.map(({ largest }) => largest).sort((a, b) => a - b),
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
