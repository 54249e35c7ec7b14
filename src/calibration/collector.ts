import { PIXEL_LEVELS, type CalibrationFile, type PixelCalibration } from '../store/calibration';

/** Map values that are kept for quantiles, over all images: 80 MB. More images are read more coarsely. */
const MAX_VALUES = 20_000_000;

/** What scoring one image of known truth gave. */
export interface MeasuredImage {
	readonly category: string;
	readonly anomalous: boolean;
	/** The part that it shows, where several images show the same one. */
	readonly part?: string;
	readonly score: number;
	/** Anomaly map; only those of normal images are looked at. */
	readonly map: Float32Array;
	/** 0 for values of the map that do not count; all do when absent. */
	readonly inspected?: Uint8Array;
	/** How many views of the encoder the image holds (`ImageMap`). */
	readonly views: number;
}

/** Gathers scores and maps of images of known truth into what `calibration.json` holds. */
export class CalibrationCollector {
	private readonly normal = new Map<string, NormalScore[]>();
	private readonly anomalous = new Map<string, number[]>();
	private readonly maps = new Map<string, MapValues[]>();

	/** @param images how many will come at most */
	constructor(private readonly images: number) {}

	add({ category, anomalous, part, score, map, inspected, views }: MeasuredImage): void {
		if (anomalous) {
			append(this.anomalous, category, score);
			return;
		}
		append(this.normal, category, { score, part });
		append(this.maps, category, { ...this.valuesOf(countedValues(map, inspected)), views });
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
		const normal = [...this.normal].map(
			([category, own]) => [category, own.sort((a, b) => a.score - b.score)] as const,
		);
		const hasParts = normal.some(([, own]) => own.some(({ part }) => part !== undefined));
		return {
			schemaVersion: 1,
			created: new Date().toISOString(),
			scores: Object.fromEntries(
				normal.map(([category, own]) => [category, own.map(({ score }) => score)]),
			),
			...(hasParts && {
				parts: Object.fromEntries(normal.map(([category, own]) => [category, numberParts(own)])),
			}),
			...(this.anomalous.size > 0 && { anomalousScores: ascending(this.anomalous) }),
			pixel: Object.fromEntries(maps.map(([category, own]) => [category, pixelCalibration(own)])),
			pooledPixel: pixelCalibration(maps.flatMap(([, own]) => own)),
		};
	}

	private valuesOf(map: Float32Array): Omit<MapValues, 'views'> {
		let largest = -Infinity;
		for (let i = 0; i < map.length; i++) if (map[i] > largest) largest = map[i];
		const stride = Math.max(1, Math.ceil((this.images * map.length) / MAX_VALUES));
		if (stride === 1) return { values: map, largest };
		const values = new Float32Array(Math.ceil(map.length / stride));
		for (let i = 0; i < values.length; i++) values[i] = map[i * stride];
		return { values, largest };
	}
}

interface NormalScore {
	readonly score: number;
	readonly part: string | undefined;
}

/** Parts by numbers in the order in which they come; an image without one is a part of its own. */
function numberParts(scores: readonly NormalScore[]): number[] {
	const names = scores.map(({ part }, i) => (part === undefined ? `${i}` : `part ${part}`));
	const distinct = [...new Set(names)];
	return names.map((name) => distinct.indexOf(name));
}

/** The values of a map that count. */
function countedValues(map: Float32Array, inspected: Uint8Array | undefined): Float32Array {
	return inspected === undefined ? map : map.filter((_, i) => inspected[i] !== 0);
}

interface MapValues {
	readonly values: Float32Array;
	/** Of the whole map, whatever part of it is kept. */
	readonly largest: number;
	readonly views: number;
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
	const views = maps.reduce((sum, one) => sum + one.views, 0) / maps.length;
	return {
		pixels,
		...(views > 1 && { views }),
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
