import { readFile } from 'node:fs/promises';
import { setImmediate as nextTick } from 'node:timers/promises';
import { DinomalyError } from '../errors';
import type { Size } from '../imaging/image';
import { prepareMask } from '../imaging/mask';
import { coverMask, metricMap, type MetricMap } from '../imaging/metricView';
import { decodeMask } from '../runtime/images';
import { pixelPart, withoutPixels } from './categoryMetrics';
import { checkMaxFpr } from './metrics/aupro';
import { PixelAccumulator } from './metrics/pixelAccumulator';
import { liesOutside } from './testPixels';
import type { CategoryPixels, EvaluateMapsRequest, EvaluateMapsResult, MapItem } from './request';

export interface EvaluateMapsContext {
	readonly signal: AbortSignal;
	readonly onProgress: (done: number, total: number) => void;
}

const FLOAT_BYTES = 4;

/**
 * Pixel metrics of anomaly maps that were made before, per category; a defect without a mask is left out.
 * @throws DinomalyError INPUT_MISSING, MASK_MISMATCH, IMAGE_UNREADABLE or SCORE_NOT_FINITE, naming the file
 */
export async function evaluateMaps(
	request: EvaluateMapsRequest,
	context: EvaluateMapsContext,
): Promise<EvaluateMapsResult> {
	const { items } = request;
	if (request.maxFpr !== undefined) checkMaxFpr(request.maxFpr);
	const categories: CategoryPixels[] = [];
	const outside: MapItem[] = [];
	let done = 0;
	const step = async (): Promise<void> => {
		if (context.signal.aborted)
			throw new DinomalyError(
				'CANCELLED',
				`The evaluation was cancelled after ${done} of ${items.length} maps`,
			);
		context.onProgress(++done, items.length);
		await nextTick(); // lets messages in, such as a cancel
	};
	for (const category of new Set(items.map((item) => item.category))) {
		const own = items.filter((item) => item.category === category);
		categories.push(await evaluateCategory(category, own, { request, step, outside }));
	}
	return { categories, outside: outside.map((item) => items.indexOf(item)).sort((a, b) => a - b) };
}

interface CategoryContext {
	readonly request: EvaluateMapsRequest;
	readonly step: () => Promise<void>;
	/** Receives the items whose defect lies wholly where nothing was inspected. */
	readonly outside: MapItem[];
}

async function evaluateCategory(
	category: string,
	items: readonly MapItem[],
	{ request, step, outside }: CategoryContext,
): Promise<CategoryPixels> {
	const usable = items.filter(({ anomalous, maskFile }) => !anomalous || maskFile !== null);
	if (!usable.some(({ anomalous }) => anomalous)) {
		const { metrics, ...rest } = withoutPixels('No anomalous item of this category has a mask');
		return { category, ...metrics, ...rest };
	}
	const pixels = new PixelAccumulator({ mode: request.pixelMode });
	const masks = new Map<string, number>();
	for (const item of usable) {
		const { anomalous, label = '', mapFile, mapSize, maskFile } = item;
		await step();
		const map = await readMap(mapFile, mapSize);
		const seen = request.tiling === undefined ? map : metricMap(map);
		const mask = anomalous && maskFile !== null ? await readMask(maskFile, seen, request) : null;
		if (mask !== null && liesOutside(mask, seen)) {
			outside.push(item);
			continue;
		}
		const { data, width, height, inspected } = seen;
		const kind = anomalous ? label : '';
		if (inspected === undefined) pixels.add(data, mask, width, height, kind);
		else pixels.addInspected(data, mask, { width, height, inspected, kind });
		if (anomalous) masks.set(label, (masks.get(label) ?? 0) + 1);
	}
	const { metrics, ...rest } = pixelPart(pixels, { maxFpr: request.maxFpr, masks });
	return { category, ...metrics, ...rest };
}

/** A raw map is not a number where nothing was inspected. */
async function readMap(file: string, size: Size | undefined): Promise<MetricMap> {
	const bytes = await readFile(file);
	const side = Math.sqrt(bytes.length / FLOAT_BYTES);
	const { width, height } = size ?? { width: side, height: side };
	if (!Number.isInteger(width) || width === 0 || bytes.length !== width * height * FLOAT_BYTES) {
		throw new DinomalyError(
			'MASK_MISMATCH',
			`Expected a raw anomaly map, ${size === undefined ? 'a square of' : `${width} x ${height}`} float32 values, found ${bytes.length} bytes`,
			{
				hint: 'Take the raw map that Score Image gives when its output is switched on, and keep its fields mapWidth and mapHeight.',
			},
		);
	}
	const data = new Float32Array(width * height);
	for (let i = 0; i < data.length; i++) data[i] = bytes.readFloatLE(i * FLOAT_BYTES);
	const inspected = Uint8Array.from(data, (value) => Number(!Number.isNaN(value)));
	// A map without any number is no part of an image, but a mistake for `add` to name.
	if (!inspected.includes(0) || !inspected.includes(1)) return { data, width, height };
	return { data, width, height, inspected };
}

async function readMask(
	file: string,
	map: Size,
	{ imageSize, cropSize, tiling, maskRule }: EvaluateMapsRequest,
): Promise<Uint8Array> {
	const mask = await decodeMask(file, { name: 'the ground-truth mask' });
	if (tiling !== undefined) return coverMask(mask, map, maskRule);
	return prepareMask(mask, { imageSize, cropSize, evalSide: map.width, rule: maskRule });
}
