import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { refitCalibration } from '../../src/calibration/refit';
import { DISTRIBUTION_FILE } from '../../src/distribution/distributionFile';
import { evaluateModel } from '../../src/evaluation/evaluate';
import type { ImageScore, ScoreRequest } from '../../src/scoring/request';
import { scoreImages } from '../../src/scoring/score';
import { FolderStore } from '../../src/store/folderStore';
import { trainModel } from '../../src/training/train';
import type { TrainRequest } from '../../src/training/request';
import { drawPart, drawParts } from '../support/drawnParts';

/** With the package's encoder, which knows shapes and colours; the model itself is hardly trained. */
const OVERRIDES = { imageSize: 64, cropSize: 64, batchSize: 2, iterations: 1, warmup: 0 };
const COMPUTE = { device: 'cpu', threads: 1 } as const;

let root: string;
let store: string;
let data: string;
const context = { signal: new AbortController().signal, onProgress: () => undefined };

beforeAll(async () => {
	root = mkdtempSync(path.join(tmpdir(), 'dinomaly-distribution-'));
	store = path.join(root, 'store');
	data = path.join(root, 'data');
	await drawParts(data, ['washer', 'card']);
	await train('parts', {});
}, 120_000);

afterAll(() => {
	rmSync(root, { recursive: true, force: true });
});

async function train(model: string, more: Partial<TrainRequest>): Promise<readonly string[]> {
	const request = { store, data, model, overrides: OVERRIDES, calibrationShare: 0.3, ...COMPUTE, ...more };
	const { models } = await trainModel(request, context);
	return models[0].notices;
}

async function scoreAll(
	images: ScoreRequest['images'],
	more: Partial<ScoreRequest> = {},
): Promise<ImageScore[]> {
	const outcomes = await scoreImages(
		{ store, model: 'parts', images, ...COMPUTE, ...more },
		{ signal: context.signal, onOutcome: () => undefined },
	);
	return outcomes.map((outcome) => {
		if ('error' in outcome) throw new Error(outcome.error.message);
		return outcome;
	});
}

const own = (...folder: string[]): { file: string }[] => {
	const target = path.join(data, ...folder);
	return readdirSync(target).map((name) => ({ file: path.join(target, name) }));
};
const flower = async (seed = 1): Promise<{ name: string; bytes: Uint8Array }> => ({
	name: 'flower.png',
	bytes: await drawPart('flower', seed),
});

/** A copy of a version as a package of the first versions left it: without what the model knows of good images. */
async function withoutDistribution(name: string): Promise<void> {
	const opened = await new FolderStore(store).open('parts');
	const files = Object.keys(opened.card.files).filter((file) => file !== DISTRIBUTION_FILE);
	await new FolderStore(store).publish(name, {
		card: opened.card,
		files: Object.fromEntries(files.map((file) => [file, { file: path.join(opened.path, file) }])),
	});
}

test.each(['washer', 'card'])(
	'parts of %s are known, good and defective, with and without category',
	async (category) => {
		const images = [...own(category, 'test', 'good'), ...own(category, 'test', 'scratch')];
		for (const given of [undefined, category]) {
			for (const score of await scoreAll(images, { category: given })) {
				expect(score).toMatchObject({
					outOfDistribution: false,
					resembles: category,
					unknownReason: null,
				});
				expect(score.verdict).not.toBe('unknown');
				expect(score.distributionDistance).toBeLessThan(score.distributionLimit!);
			}
		}
	},
);

test('what no category is like is unknown, keeps its score, and is told in one sentence', async () => {
	const [score] = await scoreAll([await flower()]);
	expect(score).toMatchObject({ verdict: 'unknown', outOfDistribution: true, resembles: null });
	expect(score.score).toBeGreaterThan(0);
	expect(score.pValue).toBeGreaterThan(0);
	expect(score.unknownReason).toBe(
		`Unlike anything seen in training: expected an image like those of card or washer, found an image at distance ${score.distributionDistance!.toFixed(2)}, beyond ${score.distributionLimit!.toFixed(2)}; check the part, the camera and the light, or train the model with such images`,
	);
	const [judged] = await scoreAll([await flower()], { checkDistribution: false });
	expect(judged).toMatchObject({ outOfDistribution: null, distributionDistance: null, resembles: null });
	expect(judged.verdict).not.toBe('unknown');
	expect(judged.score).toBe(score.score);
});

test('a part of another category is named', async () => {
	const [score] = await scoreAll(own('card', 'test', 'good').slice(0, 1), { category: 'washer' });
	expect(score).toMatchObject({ verdict: 'unknown', resembles: 'card' });
	expect(score.unknownReason).toMatch(/^Looks like card: expected an image like those of washer, found/);
});

test('a picture that the model was trained on lies at no distance', async () => {
	for (const { distributionDistance } of await scoreAll(own('washer', 'train', 'good')))
		expect(distributionDistance).toBeLessThan(0.003);
});

test('a model of the first versions gives scores as before, and learns what is good when it is calibrated', async () => {
	await withoutDistribution('old');
	const [before] = await scoreAll([await flower()], { model: 'old' });
	expect(before).toMatchObject({
		outOfDistribution: null,
		distributionDistance: null,
		distributionLimit: null,
	});
	expect(before.verdict).not.toBe('unknown');
	await refitCalibration({ store, model: 'old', source: { kind: 'images', data }, ...COMPUTE }, context);
	const [after] = await scoreAll([await flower()], { model: 'old' });
	expect(after.verdict).toBe('unknown');
	for (const { outOfDistribution } of await scoreAll(own('washer', 'test', 'scratch'), { model: 'old' }))
		expect(outOfDistribution).toBe(false);
});

test('good images of a calibration are known from then on', async () => {
	const plain = path.join(root, 'flowers');
	await drawParts(root, ['flower']);
	await train('flowerless', { categories: ['washer'] });
	const { notices } = await refitCalibration(
		{
			store,
			model: 'flowerless',
			source: { kind: 'images', data: path.join(root, 'flower', 'train', 'good') },
			...COMPUTE,
		},
		context,
	);
	expect(notices.join('\n')).toContain('16 of 16 good images are unlike anything seen in training');
	expect(plain).toBeDefined();
	const [score] = await scoreAll([await flower(7)], { model: 'flowerless' });
	expect(score.outOfDistribution).toBe(false);
});

test('too few good images leave a category without the check, and say so', async () => {
	const few = path.join(root, 'few');
	await drawParts(few, ['washer'], 4);
	const notices = await train('few', { data: few, calibrationShare: 0 });
	expect(notices.join('\n')).toContain('Fewer than 5 good images of washer');
	const [score] = await scoreAll([await flower()], { model: 'few' });
	expect(score).toMatchObject({ verdict: 'uncalibrated', outOfDistribution: null });
});

test('a model without thresholds still says what it never saw', async () => {
	await train('bare', { calibrationShare: 0 });
	const [strange, known] = await scoreAll([await flower(), ...own('card', 'test', 'good')], {
		model: 'bare',
	});
	expect(strange).toMatchObject({ verdict: 'unknown', threshold: null });
	expect(known.verdict).toBe('uncalibrated');
});

test('with tiles an image is known by all its tiles together', async () => {
	await train('tiled', { categories: ['washer'], tiles: { grid: { columns: 2, rows: 2 } } });
	const [strange, ...known] = await scoreAll([await flower(), ...own('washer', 'test', 'scratch')], {
		model: 'tiled',
	});
	expect(strange.verdict).toBe('unknown');
	for (const { outOfDistribution } of known) expect(outOfDistribution).toBe(false);
});

test('an evaluation keeps the scores of unknown images and counts them', async () => {
	const mixed = path.join(root, 'mixed');
	await drawParts(mixed, ['washer'], 0);
	for (let i = 0; i < 2; i++)
		writeFileSync(
			path.join(mixed, 'washer', 'test', 'good', `flower${i}.png`),
			await drawPart('flower', i),
		);
	const result = await evaluateModel({ store, model: 'parts', data: mixed, ...COMPUTE }, context);
	expect(result.images).toHaveLength(10);
	expect(
		result.images
			.filter(({ outOfDistribution }) => outOfDistribution)
			.map(({ file }) => path.basename(file)),
	).toEqual(['flower0.png', 'flower1.png']);
	expect(result.notices.join('\n')).toContain(
		'Unlike anything seen in training: 2 of 10 test images (washer 2 of 6 good)',
	);
});

test('a damaged file is refused by its hash', async () => {
	const { path: folder } = await new FolderStore(store).open('few');
	expect(readdirSync(folder)).not.toContain(DISTRIBUTION_FILE);
	const { path: whole } = await new FolderStore(store).open('bare');
	const file = path.join(whole, DISTRIBUTION_FILE);
	const bytes = readFileSync(file);
	bytes[bytes.length - 1] ^= 1;
	writeFileSync(file, bytes);
	await expect(new FolderStore(store).open('bare')).rejects.toMatchObject({ code: 'HASH_MISMATCH' });
});
