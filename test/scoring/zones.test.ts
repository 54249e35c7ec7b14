import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { refitCalibration } from '../../src/calibration/refit';
import type { CalibrateRequest, CalibrateResult } from '../../src/calibration/request';
import { evaluateMaps } from '../../src/evaluation/maps';
import { evaluateModel } from '../../src/evaluation/evaluate';
import { measureImages } from '../../src/evaluation/drift/measure';
import type { EvaluateResult } from '../../src/evaluation/request';
import { runOf } from '../../src/evaluation/run';
import { decodeMask } from '../../src/runtime/images';
import { exportModel } from '../../src/export/exportModel';
import { readParameters } from '../../src/scoring/openModel';
import type { ImageScore, ScoreOutcome, ScoreRequest } from '../../src/scoring/request';
import { scoreImages } from '../../src/scoring/score';
import { EvaluationRuns } from '../../src/store/evaluationRuns';
import { FolderStore } from '../../src/store/folderStore';
import { trainModel } from '../../src/training/train';
import type { TrainRequest } from '../../src/training/request';
import { requestedZone, type ZoneRow, type ZonesRequest } from '../../src/zones/zonesRequest';
import { drawTinyDataset } from '../support/tinyDataset';
import { writeTinyEncoder } from '../support/tinyEncoder';

/** Images of the tiny dataset have this side; a defect is a bright square at 12..24, 10..22. */
const SIDE = 40;
const SQUARE = '8, 8, 24, 24';

let root: string;
let store: string;
let data: string;
const signal = new AbortController().signal;
const context = { signal, onProgress: () => undefined };
const cpu = { device: 'cpu', threads: 1 } as const;

beforeAll(async () => {
	root = mkdtempSync(path.join(tmpdir(), 'dinomaly-zones-'));
	store = path.join(root, 'store');
	data = path.join(root, 'data');
	await drawTinyDataset(data, ['bolt', 'nut'], 16);
	await writeTinyEncoder(path.join(root, 'encoder.safetensors'));
	await train('tiny');
	await train('tiled', { tiles: { sidePx: 24, overlap: 0.25 } });
});

afterAll(() => {
	rmSync(root, { recursive: true, force: true });
});

async function train(model: string, more: Partial<TrainRequest> = {}): Promise<string[]> {
	const { models } = await trainModel(
		{
			store,
			data,
			model,
			encoder: path.join(root, 'encoder.safetensors'),
			overrides: { imageSize: 64, cropSize: 64, batchSize: 4, iterations: 3, warmup: 0 },
			calibrationShare: 0.4,
			...cpu,
			...more,
		},
		context,
	);
	return [...models[0].notices];
}

function zones(...rows: (Partial<ZoneRow> & { readonly use: string })[]): ZonesRequest {
	return {
		size: { width: SIDE, height: SIDE },
		zones: rows.map((row, i) => requestedZone({ name: String(i + 1), ...row })),
	};
}

const ignoreSquare = zones({ use: 'ignore', rectangle: SQUARE });

function refit(more: Partial<CalibrateRequest>, model = 'tiny@1'): Promise<CalibrateResult> {
	return refitCalibration({ store, model, source: { kind: 'images', data }, ...cpu, ...more }, context);
}

async function score(
	model: string,
	files: readonly string[],
	more: Partial<ScoreRequest> = {},
): Promise<ScoreOutcome[]> {
	const images = files.map((file) => ({ file: path.join(data, 'bolt', 'test', file) }));
	return scoreImages(
		{ store, model, images, category: 'bolt', ...cpu, ...more },
		{ signal, onOutcome: () => undefined },
	);
}

async function scored(...given: Parameters<typeof score>): Promise<ImageScore[]> {
	return (await score(...given)) as ImageScore[];
}

function evaluate(model: string): Promise<EvaluateResult> {
	return evaluateModel({ store, model, data, categories: ['bolt'], ...cpu }, context);
}

/** An image of the category with a white box. */
async function withBox(name: string, [x, y, width, height]: readonly number[]): Promise<string> {
	const box = await sharp({ create: { width, height, channels: 3, background: '#fff' } })
		.png()
		.toBuffer();
	const file = path.join(root, `${name}.png`);
	await sharp(path.join(data, 'bolt', 'test', 'good', '0.png'))
		.composite([{ input: box, left: x, top: y }])
		.toFile(file);
	return path.relative(path.join(data, 'bolt', 'test'), file);
}

describe.each(['tiny', 'tiled'])('%s: a zone to ignore', (model) => {
	let version: string;
	let result: CalibrateResult;
	beforeAll(async () => {
		result = await refit({ zones: ignoreSquare }, `${model}@1`);
		version = `${model}@${result.version}`;
	});

	test('makes a new version that says where it looks', async () => {
		const opened = await new FolderStore(store).open(version);
		expect(opened.zones).toMatchObject({
			size: { width: SIDE, height: SIDE },
			zones: [{ use: 'ignore' }],
		});
		expect(result.zones).toBe(`ignores 1, on images of ${SIDE} x ${SIDE} pixels`);
		expect(result.notices.join('\n')).toMatch(
			/bolt: \d+\.\d % of an image are inspected; the zones leave 64\.0 %/,
		);
		expect((await new FolderStore(store).open(`${model}@1`)).zones).toBeUndefined();
	});

	test('leaves regions, mask, map and score without what lies in it', async () => {
		const [, bad] = await scored(version, ['good/0.png', 'square/0.png'], {
			outputs: { mask: true, rawMap: true, heatmap: true },
		});
		const [goodBefore, badBefore] = await scored(`${model}@1`, ['good/0.png', 'square/0.png']);
		expect(bad.inspectedShare).toBeGreaterThan(0.1);
		expect(bad.inspectedShare).toBeLessThanOrEqual(0.64);
		expect(goodBefore.inspectedShare).toBe(1);
		expect(badBefore.score).not.toBe(goodBefore.score);
		const { data: mask } = await decodeMask(bad.maskPng!);
		for (let y = 8; y < 32; y++) for (let x = 8; x < 32; x++) expect(mask[y * SIDE + x]).toBe(0);
		const numbers = bad.rawMap!.filter((value) => !Number.isNaN(value)).length;
		expect(numbers / bad.rawMap!.length).toBeCloseTo(bad.inspectedShare, 1);
		const shown = await sharp(bad.heatmapPng).raw().toBuffer();
		const middle = (20 * SIDE + 20) * 3;
		expect(shown[middle]).toBe(shown[middle + 1]);
	});

	test('calibration and scoring measure the same', async () => {
		const { calibration } = await new FolderStore(store).open(version);
		const outcomes = await scored(version, ['good/0.png', 'good/1.png', 'good/2.png']);
		const scores = outcomes.map((one) => one.score).sort((a, b) => a - b);
		expect(calibration!.scores.bolt).toEqual(scores);
		const pixels = (pixel: { pixels: number }): number => pixel.pixels;
		const before = (await refit({}, `${model}@1`)).version;
		const whole = (await new FolderStore(store).open(`${model}@${before}`)).calibration!;
		expect(pixels(calibration!.pooledPixel)).toBeLessThan(0.76 * pixels(whole.pooledPixel));
	});

	test('an evaluation leaves out defects that lie in it, says so and records the area', async () => {
		const evaluated = await evaluate(version);
		const [bolt] = evaluated.categories;
		expect(bolt.images).toEqual({ good: 3, anomalous: 0, withMask: 0 });
		expect(bolt.inspectedShare).toBeGreaterThan(0.1);
		expect(evaluated.notices).toEqual([
			expect.stringMatching(
				/^The model ignores 1, on images of 40 x 40 pixels \(inspected: \d+\.\d % of the images of bolt\); scores and pixel metrics count nothing else$/,
			),
			'bolt: 3 images are left out, whose defect lies wholly where the model does not look',
			...(model === 'tiled' ? [expect.stringContaining('Pixel metrics are taken')] : []),
		]);
		const run = runOf(evaluated);
		const runs = new EvaluationRuns(store);
		await runs.record(run);
		const { card } = await new FolderStore(store).open(version);
		expect(await runs.read(model, run.id)).toMatchObject({
			settings: { zonesSha256: card.files['zones.json'].sha256 },
			categories: [{ inspectedShare: bolt.inspectedShare }],
		});
	});

	test('makes score, verdict and map independent of what lies in it, bit for bit', async () => {
		const boxes = [
			[8, 8, 24, 24],
			[10, 20, 5, 7],
		];
		const files = await Promise.all(boxes.map((box, i) => withBox(`${model}-inside-${i}`, box)));
		const [plain, ...others] = await scored(version, ['good/0.png', ...files], {
			outputs: { rawMap: true, mask: true },
		});
		for (const other of others) {
			expect([other.score, other.verdict, other.pValue]).toEqual([
				plain.score,
				plain.verdict,
				plain.pValue,
			]);
			expect(other.rawMap).toEqual(plain.rawMap);
			expect(other.maskPng).toEqual(plain.maskPng);
			expect(other.regions).toEqual(plain.regions);
		}
		const [before, changed] = await scored(`${model}@1`, ['good/0.png', files[0]]);
		expect(changed.score).not.toBe(before.score);
	});

	test('a defect elsewhere is found as before', async () => {
		const box = await withBox(`${model}-corner`, [0, 0, 9, 9]);
		const [good, bad] = await scored(version, ['good/0.png', box]);
		const [goodBefore, badBefore] = await scored(`${model}@1`, ['good/0.png', box]);
		expect(bad.score - good.score).toBeGreaterThan(0.5 * (badBefore.score - goodBefore.score));
	});

	test('pixel metrics from raw maps are those of the evaluation', async () => {
		const half = zones({ use: 'ignore', rectangle: '0, 0, 40, 16' });
		const ref = `${model}@${(await refit({ zones: half }, `${model}@1`)).version}`;
		const evaluated = await evaluate(ref);
		const files = [
			'good/0.png',
			'good/1.png',
			'good/2.png',
			'square/0.png',
			'square/1.png',
			'square/2.png',
		];
		const outcomes = await scored(ref, files, { outputs: { rawMap: true } });
		const folder = path.join(root, `${model}-maps`);
		mkdirSync(folder);
		const items = outcomes.map(({ rawMap, mapWidth = 0, mapHeight = 0 }, i) => {
			const anomalous = i > 2;
			const mapFile = path.join(folder, `${i}.f32`);
			writeFileSync(mapFile, Buffer.from(rawMap!.buffer, rawMap!.byteOffset, rawMap!.byteLength));
			return {
				category: 'bolt',
				label: anomalous ? 'square' : 'good',
				anomalous,
				mapFile,
				mapSize: { width: mapWidth, height: mapHeight },
				maskFile: anomalous
					? path.join(data, 'bolt', 'ground_truth', 'square', `${i - 3}_mask.png`)
					: null,
			};
		});
		const { card } = await new FolderStore(store).open(ref);
		const { imageSize, cropSize, tiling } = card.config;
		const maps = await evaluateMaps({ items, imageSize, cropSize, tiling }, context);
		const [fromItems] = maps.categories;
		const [bolt] = evaluated.categories;
		for (const metric of ['pixelAuroc', 'pixelAp', 'aupro'] as const)
			expect(fromItems[metric]).toBe(bolt[metric]);
		expect(bolt.pixelAuroc).not.toBeNull();
		expect(maps.outside).toEqual([]);
	});
});

test('the zones stay through a calibration by another rule, and are taken away by images alone', async () => {
	const { version } = await refit({ zones: ignoreSquare });
	const policy = { strategy: { kind: 'falseAlarmRate', rate: 0.3 } } as const;
	const kept = await refit({ source: undefined, policy }, `tiny@${version}`);
	const models = new FolderStore(store);
	expect((await models.open(`tiny@${kept.version}`)).zones).toEqual(
		(await models.open(`tiny@${version}`)).zones,
	);
	expect(kept.zones).toContain('ignores 1');
	const whole = await refit({ zones: null }, `tiny@${version}`);
	expect((await models.open(`tiny@${whole.version}`)).zones).toBeUndefined();
	const [back] = await scored(`tiny@${whole.version}`, ['square/0.png']);
	expect(back.score).toBe((await scored('tiny@1', ['square/0.png']))[0].score);
});

test.each([
	['the scores of the model', undefined, 'found none'],
	[
		'labelled scores',
		{
			kind: 'scores',
			name: 'items',
			scores: [{ category: 'bolt', anomalous: false, score: 1 }],
		} as const,
		'found scores',
	],
])('zones cannot change on %s', async (_, source, found) => {
	const versions = (await new FolderStore(store).versions('tiny')).length;
	for (const changed of [ignoreSquare, null])
		await expect(refit({ zones: changed, source })).rejects.toMatchObject({
			code: 'CONFIG_INVALID',
			message: `Expected images to calibrate with, since "tiny@1" is to look elsewhere, ${found}`,
		});
	expect(await new FolderStore(store).versions('tiny')).toHaveLength(versions);
});

test('a training with zones calibrates in them and tells how much is left', async () => {
	const notices = await train('zoned', { zones: ignoreSquare });
	expect(notices.join('\n')).toMatch(/nut: \d+\.\d % of an image are inspected/);
	const models = new FolderStore(store);
	const { calibration, card, zones: own } = await models.open('zoned');
	// Held-out images are seen as images to score are: with the zone painted over.
	const held = await scoreImages(
		{
			store,
			model: 'zoned',
			images: readdirSync(path.join(data, 'bolt', 'train', 'good')).map((name) => ({
				file: path.join(data, 'bolt', 'train', 'good', name),
			})),
			category: 'bolt',
			...cpu,
		},
		{ signal, onOutcome: () => undefined },
	);
	expect(held.map((one) => (one as ImageScore).score)).toEqual(
		expect.arrayContaining([...calibration!.scores.bolt]),
	);
	expect(own?.zones).toHaveLength(1);
	expect(card.files['zones.json']).toBeDefined();
	// The decoder is the one of a training without zones: they play no part in the loss.
	const decoderOf = async (ref: string): Promise<unknown> =>
		readParameters(path.join((await models.open(ref)).path, 'decoder.safetensors'));
	expect(await decoderOf('zoned')).toEqual(await decoderOf('tiny@1'));
	expect(calibration!.scores).not.toEqual((await models.open('tiny@1')).calibration!.scores);
});

test('one model for each category takes the zones that are for it', async () => {
	const only = zones({ use: 'ignore', rectangle: SQUARE, category: 'nut' });
	await train('apart', { zones: only, separate: true });
	const models = new FolderStore(store);
	expect((await models.open('apart-nut')).zones?.zones).toHaveLength(1);
	expect((await models.open('apart-bolt')).zones).toBeUndefined();
});

describe('zones of single categories', () => {
	let ref: string;
	beforeAll(async () => {
		const only = zones({ use: 'ignore', rectangle: SQUARE, category: 'nut' });
		ref = `tiny@${(await refit({ zones: only })).version}`;
	});

	test('other categories are scored as before, bit for bit', async () => {
		const [now] = await scored(ref, ['square/0.png']);
		const [before] = await scored('tiny@1', ['square/0.png']);
		expect([now.score, now.inspectedShare]).toEqual([before.score, 1]);
	});

	test('an image without a category is refused, as what to inspect is not known', async () => {
		await expect(score(ref, ['good/0.png'], { category: undefined })).rejects.toMatchObject({
			code: 'CATEGORY_UNKNOWN',
			message:
				'Expected a category, since the model has zones of its own for some categories, found none',
		});
	});
});

test('an image of other proportions is a failure in its place, and the others go on', async () => {
	const ref = `tiny@${(await refit({ zones: ignoreSquare })).version}`;
	const file = path.join(root, 'wide.png');
	await sharp({ create: { width: 60, height: 40, channels: 3, background: '#555' } }).toFile(file);
	const wide = path.relative(path.join(data, 'bolt', 'test'), file);
	const large = path.join(root, 'large.png');
	await sharp(path.join(data, 'bolt', 'test', 'good', '0.png'))
		.resize(80, 80)
		.toFile(large);
	const outcomes = await score(ref, [
		wide,
		'good/0.png',
		path.relative(path.join(data, 'bolt', 'test'), large),
	]);
	expect(outcomes[0]).toMatchObject({
		error: {
			code: 'ZONE_MISMATCH',
			message:
				"Expected an image of the proportions that the model's zones were drawn on, 40 x 40 pixels, found 60 x 40",
		},
	});
	expect(outcomes[2]).toMatchObject({ inspectedShare: (outcomes[1] as ImageScore).inspectedShare });
});

describe('masks', () => {
	async function mask(name: string, side: number): Promise<string> {
		const file = path.join(root, name);
		const white = await sharp({
			create: { width: side / 2, height: side, channels: 3, background: '#fff' },
		})
			.png()
			.toBuffer();
		await sharp({ create: { width: side, height: side, channels: 3, background: '#000' } })
			.composite([{ input: white, left: 0, top: 0 }])
			.toFile(file);
		return file;
	}

	test('a mask is inspected where it is white, and says the size itself', async () => {
		const file = await mask('half.png', SIDE);
		const { size, ...unsized } = zones({ use: 'inspect', mask: file });
		const { version } = await refit({ zones: unsized });
		const [one] = await scored(`tiny@${version}`, ['good/0.png']);
		expect(size).toEqual({ width: SIDE, height: SIDE });
		expect(one.inspectedShare).toBe(0.5);
		rmSync(file);
		expect((await scored(`tiny@${version}`, ['good/0.png']))[0].score).toBe(one.score);
	});

	test.each<[string, () => Promise<ZonesRequest>, string]>([
		[
			'of another size',
			async () => zones({ use: 'inspect', mask: await mask('large-mask.png', 80) }),
			'Expected the mask of zone "1" to have the size of the image that zones are drawn on, 40 x 40 pixels, found 80 x 80',
		],
		[
			'that is not there',
			() => Promise.resolve(zones({ use: 'inspect', mask: '/nowhere/mask.png' })),
			'the mask of zone "1"',
		],
		[
			'that is missing, as is the size',
			() => Promise.resolve({ zones: ignoreSquare.zones }),
			'Expected the size of the image that the zones were drawn on, found none',
		],
		[
			'smaller than a patch',
			() => Promise.resolve(zones({ use: 'inspect', rectangle: '3, 3, 5, 5' })),
			'Expected the zones to leave a part of the image of category "bolt" to inspect, found parts smaller than a patch of the encoder',
		],
	])('zones with a mask or area %s are refused in one sentence', async (_, make, message) => {
		await expect(refit({ zones: await make() })).rejects.toThrow(message);
	});
});

test('a model with zones exports no ONNX file, whose score would not be the one of its thresholds', async () => {
	const ref = `tiny@${(await refit({ zones: ignoreSquare })).version}`;
	await expect(
		exportModel({ store, model: ref, onnxPath: path.join(root, 'zoned.onnx') }, { signal }),
	).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('has zones') });
	expect(readdirSync(root)).not.toContain('zoned.onnx');
});

test('drift looks where the model looks, scores and pictures alike', async () => {
	const { version } = await refit({ zones: ignoreSquare });
	const ref = `tiny@${version}`;
	const folder = path.join(data, 'bolt', 'test');
	const images = ['good/0.png', 'square/0.png'].map((file) => ({ file: path.join(folder, file) }));
	const request = { store, category: 'bolt', from: { images }, ...cpu };
	const withModel = await measureImages({ ...request, model: ref }, context);
	const [one] = await scored(ref, ['good/0.png']);
	expect(withModel.images[0].score).toBe(one.score);
	const { images: taken } = (await new FolderStore(store).open(ref)).calibration!;
	expect(taken!.bolt.brightness).toContain(
		Number(withModel.images[0].statistics.brightness.toPrecision(6)),
	);
	const alone = await measureImages({ ...request, zonesOf: ref }, context);
	expect(alone.images.map(({ statistics }) => statistics)).toEqual(
		withModel.images.map(({ statistics }) => statistics),
	);
	const everywhere = await measureImages(request, context);
	expect(everywhere.images[1].statistics).not.toEqual(alone.images[1].statistics);
});
