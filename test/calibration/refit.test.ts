import { mkdtempSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync, cpSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { refitCalibration } from '../../src/calibration/refit';
import type { CalibrateRequest, LabelledScore } from '../../src/calibration/request';
import { scoreImages } from '../../src/scoring/score';
import type { ImageScore } from '../../src/scoring/request';
import { FolderStore } from '../../src/store/folderStore';
import { trainModel } from '../../src/training/train';
import { drawTinyDataset } from '../support/tinyDataset';
import { writeTinyEncoder } from '../support/tinyEncoder';

let root: string;
let store: string;
let data: string;
const context = { signal: new AbortController().signal, onProgress: () => undefined };

beforeAll(async () => {
	root = mkdtempSync(path.join(tmpdir(), 'dinomaly-refit-'));
	store = path.join(root, 'store');
	data = path.join(root, 'data');
	await drawTinyDataset(data, ['bolt', 'nut'], 16);
	const encoder = path.join(root, 'encoder.safetensors');
	await writeTinyEncoder(encoder);
	await trainModel(
		{
			store,
			data,
			model: 'tiny',
			encoder,
			overrides: { imageSize: 40, cropSize: 32, batchSize: 4, iterations: 3, warmup: 0 },
			calibrationShare: 0.4,
			device: 'cpu',
			threads: 1,
		},
		context,
	);
});

afterAll(() => {
	rmSync(root, { recursive: true, force: true });
});

function refit(more: Partial<CalibrateRequest> = {}): ReturnType<typeof refitCalibration> {
	return refitCalibration({ store, model: 'tiny@1', device: 'cpu', threads: 1, ...more }, context);
}

async function scoresOf(ref: string, folder: string): Promise<ImageScore[]> {
	const images = readdirSync(folder).map((name) => ({ file: path.join(folder, name) }));
	return (await scoreImages(
		{ store, model: ref, images, category: 'bolt', device: 'cpu', threads: 1 },
		{ signal: context.signal, onOutcome: () => undefined },
	)) as ImageScore[];
}

test('another rule makes a new version with the same decoder and leaves the old one and its aliases alone', async () => {
	const models = new FolderStore(store);
	await models.promote('tiny@1', 'production');
	const before = await models.open('tiny@1');
	const policy = { strategy: { kind: 'falseAlarmRate', rate: 0.4 }, reviewRate: 0.6 } as const;
	const result = await refit({ policy });
	expect(result).toMatchObject({ model: 'tiny', parentVersion: '1' });
	expect(await models.open('tiny@1')).toEqual(before);
	expect((await models.resolve('tiny')).version).toBe('1');
	const after = await models.open(`tiny@${result.version}`);
	expect(after.card.files['decoder.safetensors']).toEqual(before.card.files['decoder.safetensors']);
	expect(after.card.parent).toEqual({ name: 'tiny', version: '1' });
	expect(after.calibration).toMatchObject({ policy, scores: before.calibration!.scores });
	// 40 % of the 6 or 7 held-out images of a category: the threshold is one of their scores, and of those above it an alarm.
	const bolt = result.limits.find(({ category }) => category === 'bolt')!;
	const held = before.calibration!.scores.bolt;
	expect(bolt).toMatchObject({ normal: held.length, own: true, extrapolated: false });
	expect(held.filter((score) => score > bolt.threshold).length).toBeLessThanOrEqual(
		0.4 * (held.length + 1),
	);
	expect(held).toContain(bolt.threshold);
	const [one] = await scoresOf(`tiny@${result.version}`, path.join(data, 'bolt', 'test', 'good'));
	expect(one).toMatchObject({
		threshold: bolt.threshold,
		thresholdBasis: 'at most 40 % false alarms',
		thresholdExtrapolated: false,
		reviewThreshold: bolt.reviewThreshold,
		calibrationCategory: 'bolt',
	});
});

test('the images of a folder give the scores that scoring gives, good ones and defects apart', async () => {
	const result = await refit({
		source: { kind: 'images', data },
		policy: { strategy: { kind: 'missRate', rate: 0.3 } },
	});
	const { calibration } = await new FolderStore(store).open(`tiny@${result.version}`);
	const sorted = (scores: ImageScore[]): number[] => scores.map(({ score }) => score).sort((a, b) => a - b);
	const bolt = path.join(data, 'bolt', 'test');
	expect(calibration!.scores.bolt).toEqual(sorted(await scoresOf('tiny@1', path.join(bolt, 'good'))));
	expect(calibration!.anomalousScores!.bolt).toEqual(
		sorted(await scoresOf('tiny@1', path.join(bolt, 'square'))),
	);
	expect(calibration!.source).toMatchObject({ kind: 'images', name: 'data', normal: 6, anomalous: 6 });
	expect(result.notices).toContain(
		'Fewer than 5 normal images: bolt (3), nut (3); the images of all categories together decide there',
	);
});

test('a plain folder of good parts calibrates the only category of a model', async () => {
	const plain = path.join(root, 'plain');
	cpSync(path.join(data, 'bolt', 'train', 'good'), plain, { recursive: true });
	writeFileSync(path.join(plain, 'torn.png'), readFileSync(path.join(plain, '0.png')).subarray(0, 200));
	const one = await trainModel(
		{
			store,
			data,
			categories: ['bolt'],
			model: 'single',
			encoder: path.join(root, 'encoder.safetensors'),
			overrides: { imageSize: 40, cropSize: 32, batchSize: 4, iterations: 2, warmup: 0 },
			calibrationShare: 0,
			device: 'cpu',
			threads: 1,
		},
		context,
	);
	await expect(refit({ model: 'single' })).rejects.toMatchObject({ code: 'CALIBRATION_SHORT' });
	const result = await refit({ model: 'single', source: { kind: 'images', data: plain } });
	expect(one.models[0].version).toBe(result.parentVersion);
	expect(result.limits.map(({ category, normal, own }) => [category, normal, own])).toEqual([
		['bolt', 16, true],
		[null, 16, true],
	]);
	expect(result.skipped).toEqual([{ file: 'torn.png', reason: expect.stringContaining('cut short') }]);
});

test('labelled scores set thresholds; masks keep theirs', async () => {
	const scores: LabelledScore[] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.9].map((score, i) => ({
		category: 'bolt',
		anomalous: i === 5,
		score,
	}));
	const result = await refit({
		source: { kind: 'scores', name: 'items', scores },
		policy: { strategy: { kind: 'f1Max' } },
	});
	const models = new FolderStore(store);
	const before = (await models.open('tiny@1')).calibration!;
	const after = (await models.open(`tiny@${result.version}`)).calibration!;
	expect(after.pooledPixel).toEqual(before.pooledPixel);
	expect(result.limits.find(({ category }) => category === 'bolt')).toMatchObject({
		threshold: expect.closeTo(0.7, 12),
		own: true,
	});
});

test('what does not suffice is refused in a sentence, and nothing is published', async () => {
	const versions = (await new FolderStore(store).versions('tiny')).length;
	const onlyDefects: LabelledScore[] = [{ category: 'bolt', anomalous: true, score: 1 }];
	const empty = path.join(root, 'empty', 'part', 'train', 'good');
	mkdirSync(empty, { recursive: true });
	cpSync(path.join(data, 'bolt', 'train', 'good', '0.png'), path.join(empty, '0.png'));
	const refused: [Partial<CalibrateRequest>, string, RegExp][] = [
		[{ policy: { strategy: { kind: 'f1Max' } } }, 'CALIBRATION_SHORT', /anomalous images.*found none/],
		[
			{ policy: { strategy: { kind: 'quantile', level: 2 } } },
			'CONFIG_INVALID',
			/between 0 and 1, found 2/,
		],
		[
			{ source: { kind: 'scores', name: 'items', scores: onlyDefects } },
			'CALIBRATION_SHORT',
			/normal images/,
		],
		[
			{ source: { kind: 'scores', name: 'items', scores: [{ ...onlyDefects[0], score: NaN }] } },
			'CONFIG_INVALID',
			/score 1 of 1, found NaN/,
		],
		[
			{ source: { kind: 'images', data: path.join(root, 'empty') } },
			'DATASET_EMPTY',
			/to calibrate with/,
		],
	];
	for (const [more, code, message] of refused)
		await expect(refit(more)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
	expect(await new FolderStore(store).versions('tiny')).toHaveLength(versions);
});
