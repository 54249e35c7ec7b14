import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { evaluateMaps } from '../../src/evaluation/maps';
import { evaluateModel } from '../../src/evaluation/evaluate';
import { createRandom } from '../../src/random';
import { exportModel } from '../../src/export/exportModel';
import { scoreImages } from '../../src/scoring/score';
import type { ImageScore } from '../../src/scoring/request';
import { FolderStore } from '../../src/store/folderStore';
import type { TrainRequest, TrainResult } from '../../src/training/request';
import { resolveTiling, tileSideFor } from '../../src/training/tiles';
import { trainModel } from '../../src/training/train';
import { writeTinyEncoder } from '../support/tinyEncoder';

/** Trainings of a second or two, on a machine that has other things to do. */
jest.setTimeout(600_000);

const WIDTH = 250;
const HEIGHT = 190;
const DEFECT = { x: 140, y: 61, side: 9 };

let root: string;
let data: string;
let encoder: string;

beforeAll(async () => {
	root = mkdtempSync(path.join(tmpdir(), 'dinomaly-tiles-'));
	data = path.join(root, 'data');
	encoder = path.join(root, 'encoder.safetensors');
	await writeTinyEncoder(encoder);
	const random = createRandom(5);
	for (let i = 0; i < 9; i++) await save(drawSheet(random), 'train', 'good', `${i}.png`);
	for (let i = 0; i < 2; i++) {
		await save(drawSheet(random), 'test', 'good', `${i}.png`);
		const sheet = drawSheet(random);
		paint(sheet, 250);
		await save(sheet, 'test', 'spot', `${i}.png`);
		const mask = Buffer.alloc(sheet.length);
		paint(mask, 255);
		await save(mask, 'ground_truth', 'spot', `${i}_mask.png`);
	}
});

afterAll(() => {
	rmSync(root, { recursive: true, force: true });
});

function drawSheet(random: ReturnType<typeof createRandom>): Buffer {
	const pixels = Buffer.alloc(WIDTH * HEIGHT * 3);
	for (let i = 0; i < pixels.length; i++) pixels[i] = 115 + Math.floor(10 * random.next());
	return pixels;
}

function paint(pixels: Buffer, level: number): void {
	const { x, y, side } = DEFECT;
	for (let row = y; row < y + side; row++)
		pixels.fill(level, (row * WIDTH + x) * 3, (row * WIDTH + x + side) * 3);
}

async function save(pixels: Buffer, ...name: string[]): Promise<void> {
	const file = path.join(data, 'sheet', ...name);
	mkdirSync(path.dirname(file), { recursive: true });
	const raw = { width: WIDTH, height: HEIGHT, channels: 3 as const };
	writeFileSync(file, await sharp(pixels, { raw }).png().toBuffer());
}

const signal = new AbortController().signal;

async function train(model: string, more: Partial<TrainRequest> = {}): Promise<TrainResult> {
	return trainModel(
		{
			...{ store: path.join(root, 'store'), data, model, encoder, seed: 3, device: 'cpu', threads: 1 },
			overrides: { cropSize: 32, batchSize: 8, iterations: 40, warmup: 4 },
			calibrationShare: 0.34,
			...more,
		},
		{ signal, onProgress: () => undefined },
	);
}

async function score(
	model: string,
	file: string,
	outputs = {},
	stop: AbortSignal = signal,
): Promise<ImageScore> {
	const [outcome] = await scoreImages(
		{
			...{ store: path.join(root, 'store'), model, outputs, device: 'cpu', threads: 1 },
			images: [{ file: path.join(data, 'sheet', 'test', file) }],
		},
		{ signal: stop, onOutcome: () => undefined },
	);
	if ('error' in outcome) throw new Error(outcome.error.message);
	return outcome;
}

function weightsOf({ models: [{ path: folder }] }: TrainResult): string {
	return createHash('sha256')
		.update(readFileSync(path.join(folder, 'decoder.safetensors')))
		.digest('hex');
}

const TILES = { sidePx: 32 };

describe('a small spot on a large sheet', () => {
	let tiled: TrainResult;

	beforeAll(async () => {
		tiled = await train('tiled', { tiles: TILES });
	});

	test('is found by tiles, where it is, and good sheets pass', async () => {
		for (const name of ['0.png', '1.png']) {
			const seen = await score('tiled', `spot/${name}`);
			expect(seen.verdict).toBe('anomaly');
			const [left, top, width, height] = seen.regions[0].box;
			const middle = { x: DEFECT.x + DEFECT.side / 2, y: DEFECT.y + DEFECT.side / 2 };
			expect(middle.x).toBeGreaterThan(left);
			expect(middle.x).toBeLessThan(left + width);
			expect(middle.y).toBeGreaterThan(top);
			expect(middle.y).toBeLessThan(top + height);
			expect((await score('tiled', `good/${name}`)).verdict).toBe('normal');
		}
	});

	test('gives the outputs of any other score, in the size of the sheet', async () => {
		const seen = await score('tiled', 'spot/0.png', { heatmap: true, mask: true, rawMap: true });
		expect(seen).toMatchObject({ width: WIDTH, height: HEIGHT, mapWidth: WIDTH, mapHeight: HEIGHT });
		expect(seen.rawMap).toHaveLength(WIDTH * HEIGHT);
		expect(seen.pValue).toBe(1 / 4);
		for (const png of [seen.heatmapPng, seen.maskPng])
			expect(await sharp(png).metadata()).toMatchObject({ width: WIDTH, height: HEIGHT });
		const mask = await sharp(seen.maskPng).toColourspace('b-w').raw().toBuffer();
		const area = seen.regions.reduce((sum, { areaPx }) => sum + areaPx, 0);
		expect(mask.filter((level) => level > 0)).toHaveLength(area);
	});

	test('is found by the pixel metrics too, at a resolution that the evaluation states', async () => {
		const result = await evaluateModel(
			{ store: path.join(root, 'store'), model: 'tiled', data, device: 'cpu', threads: 1 },
			{ signal, onProgress: () => undefined },
		);
		expect(result.mean.imageAuroc).toBe(1);
		expect(result.mean.pixelAuroc).toBeGreaterThan(0.95);
		expect(result.notices.join()).toContain(
			`merged from the tiles of an image, at ${WIDTH} x ${HEIGHT} pixels`,
		);
	});

	test('gives the same pixel metrics from raw maps that were kept', async () => {
		const items = await Promise.all(
			['good/0.png', 'spot/0.png'].map(async (file) => {
				const { rawMap, mapWidth = 0, mapHeight = 0 } = await score('tiled', file, { rawMap: true });
				const mapFile = path.join(root, `${file.replace('/', '-')}.f32`);
				writeFileSync(mapFile, Buffer.from(rawMap?.buffer ?? new ArrayBuffer(0)));
				const maskFile = path.join(data, 'sheet', 'ground_truth', 'spot', '0_mask.png');
				const anomalous = file.startsWith('spot');
				const mapSize = { width: mapWidth, height: mapHeight };
				return {
					category: 'sheet',
					anomalous,
					mapFile,
					mapSize,
					maskFile: anomalous ? maskFile : null,
				};
			}),
		);
		const { card } = await new FolderStore(path.join(root, 'store')).open('tiled');
		const { imageSize, cropSize, tiling } = card.config;
		const { categories } = await evaluateMaps(
			{ items, imageSize, cropSize, tiling },
			{ signal, onProgress: () => undefined },
		);
		expect(categories[0].pixelAuroc).toBeGreaterThan(0.95);
		await expect(
			evaluateMaps(
				{
					items: items.map((item) => ({ ...item, mapSize: undefined })),
					imageSize,
					cropSize,
					tiling,
				},
				{ signal, onProgress: () => undefined },
			),
		).rejects.toMatchObject({ code: 'MASK_MISMATCH' });
	});

	test('the model keeps its tiles, and the training says how many there are', async () => {
		const { card } = await new FolderStore(path.join(root, 'store')).open('tiled');
		expect(card.config).toMatchObject({
			imageSize: 32,
			cropSize: 32,
			tiling: { kind: 'side', sidePx: 32, overlap: 0.25 },
		});
		const { calibration } = await new FolderStore(path.join(root, 'store')).open('tiled');
		expect(calibration?.pooledPixel.views).toBeCloseTo((WIDTH * HEIGHT) / 32 ** 2, 9);
		// 250 and 190 px in strides of 24: 11 columns and 8 rows, of 9 sheets.
		expect(tiled.models[0].notices.join()).toContain('tiles of 32 px that overlap by 25 %, 792 in all');
		expect(tiled.models[0]).toMatchObject({ trainImages: 6, calibrationImages: 3 });
	});

	test('features kept by tile, or kept nowhere, give the same weights', async () => {
		// Under one name, since the file of the weights holds it.
		const warm = await train('tiled', { tiles: TILES });
		const few = { tiles: { grid: { columns: 2, rows: 2 } }, overrides: { cropSize: 32, iterations: 3 } };
		const kept = await train('few', few);
		const uncached = await train('few', { ...few, cacheLimitBytes: 0 });
		expect(weightsOf(warm)).toBe(weightsOf(tiled));
		expect(weightsOf(uncached)).toBe(weightsOf(kept));
	});

	test('a cancelled score stops between two tiles', async () => {
		const controller = new AbortController();
		const scoring = score('tiled', 'spot/0.png', {}, controller.signal);
		setTimeout(() => {
			controller.abort();
		}, 20);
		await expect(scoring).rejects.toMatchObject({ code: 'CANCELLED' });
	});

	test('one ONNX file of a model with tiles is refused, and says what to do instead', async () => {
		const onnxPath = path.join(root, 'tiled.onnx');
		await expect(
			exportModel({ store: path.join(root, 'store'), model: 'tiled', onnxPath }, { signal }),
		).rejects.toMatchObject({
			code: 'CONFIG_INVALID',
			message: expect.stringContaining('"tiled" cuts them into tiles'),
		});
	});
});

test('the smallest defect sets the tile size: as long as a patch of the encoder', () => {
	expect(tileSideFor(20, { cropSize: 224, patch: 16 })).toBe(280);
	expect(tileSideFor(20, { cropSize: 392, patch: 14 })).toBe(560);
	expect(tileSideFor(1, { cropSize: 224, patch: 16 })).toBe(32);
	expect(resolveTiling({ smallestDefectPx: 20, overlap: 0.1 }, { cropSize: 224, patch: 16 })).toEqual({
		kind: 'side',
		sidePx: 280,
		overlap: 0.1,
	});
});

test.each([
	[{ tiles: { overlap: 0.2 } }, /one of the smallest defect, the tile size and the tile grid/],
	[{ tiles: { sidePx: 300, smallestDefectPx: 4 } }, /found 2/],
	[{ tiles: { smallestDefectPx: Number.NaN } }, /smallest defect to be a number of pixels/],
	[{ tiles: { sidePx: 8 } }, /the tile size to be a whole number of pixels from 16 to 100000, found 8/],
	[{ tiles: { grid: { columns: 0, rows: 2 } } }, /the tile grid to be 1 to 100 columns/],
	[{ tiles: { sidePx: 64, overlap: 0.9 } }, /the tile overlap to be a share from 0 to 0.5, found 0.9/],
	[
		{ tiles: { sidePx: 64 }, overrides: { imageSize: 40, cropSize: 32 } },
		/imageSize with tiles to be the crop size, 32, since a tile is seen whole, found 40/,
	],
])('tiles that make no sense are refused: %j', async (more, message) => {
	await expect(train('wrong', more)).rejects.toMatchObject({
		code: 'CONFIG_INVALID',
		message: expect.stringMatching(message),
	});
});
