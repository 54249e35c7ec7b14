import * as fs from 'node:fs';
import * as path from 'node:path';

/** Numbers of the official code; they lie beside the checkout, not in it. */
const FOLDER = path.resolve(__dirname, '../../../../shared/golden');

export const GOLDEN_PRESENT = fs.existsSync(path.join(FOLDER, 'metrics.safetensors'));
export const GOLDEN_NOTE = GOLDEN_PRESENT ? '' : ' (skipped: no ../shared/golden beside the checkout)';

/** A number, 'nan', or 'ERROR ...' where the official code raises. */
export type GoldenValue = number | string;

export type GoldenResult = Readonly<Record<'auroc' | 'ap' | 'f1max', GoldenValue>> & {
	readonly f1max_threshold?: number;
	readonly aupro?: GoldenValue;
	readonly n_thresholds?: GoldenValue;
	readonly n_curve_points?: number;
	readonly region_counts?: readonly number[];
};

interface TensorInfo {
	readonly dtype: string;
	readonly shape: number[];
	readonly data_offsets: readonly [number, number];
}

/** Cases of one kind, by name without the kind. */
export function goldenCases(kind: 'image' | 'pixel'): [name: string, result: GoldenResult][] {
	if (!GOLDEN_PRESENT) return [];
	const file = fs.readFileSync(path.join(FOLDER, 'metrics.json'), 'utf8');
	const results = JSON.parse(file) as Record<string, GoldenResult>;
	return Object.entries(results)
		.filter(([name]) => name.startsWith(`${kind}.`))
		.map(([name, result]) => [name.slice(kind.length + 1), result]);
}

/** Reads the tensors of the file on the first call. */
export function goldenTensor(name: string): {
	data: Float32Array | Float64Array | Uint8Array;
	shape: number[];
} {
	const bytes = (cached ??= fs.readFileSync(path.join(FOLDER, 'metrics.safetensors')));
	const headerLength = Number(bytes.readBigUInt64LE(0));
	const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerLength)) as Record<string, TensorInfo>;
	const info = header[name];
	const [begin, end] = info.data_offsets.map((offset) => offset + 8 + headerLength);
	const data = Uint8Array.from(bytes.subarray(begin, end));
	return { data: typed(info.dtype, data), shape: info.shape };
}

/** Maps and masks of a pixel case, one entry per image. */
export function goldenPixels(name: string): {
	images: { map: Float32Array; mask: Uint8Array }[];
	width: number;
	height: number;
} {
	const maps = goldenTensor(`pixel.${name}.maps`);
	const masks = goldenTensor(`pixel.${name}.masks`);
	const [count, height, width] = maps.shape as [number, number, number];
	const size = width * height;
	const images = Array.from({ length: count }, (_, i) => ({
		map: maps.data.slice(i * size, (i + 1) * size) as Float32Array,
		mask: masks.data.slice(i * size, (i + 1) * size) as Uint8Array,
	}));
	return { images, width, height };
}

let cached: Buffer | undefined;

function typed(dtype: string, bytes: Uint8Array): Float32Array | Float64Array | Uint8Array {
	if (dtype === 'F32') return new Float32Array(bytes.buffer);
	if (dtype === 'F64') return new Float64Array(bytes.buffer);
	if (dtype === 'I64') return Uint8Array.from(new BigInt64Array(bytes.buffer), Number);
	return bytes;
}
