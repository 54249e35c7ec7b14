import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { scanDataset } from '../../src/dataset/scan';
import type { ScoreOutcome } from '../../src/scoring/request';
import { scoreImages } from '../../src/scoring/score';
import { trainModel } from '../../src/training/train';
import { drawTinyDataset } from '../support/tinyDataset';
import { writeTinyEncoder } from '../support/tinyEncoder';

const CALLERS = 7;
const SIZES = [32, 48, 64];

test('more models at once than are kept loaded: each call scores with its own to the end', async () => {
	const root = mkdtempSync(path.join(tmpdir(), 'dinomaly-many-'));
	const store = path.join(root, 'store');
	const data = path.join(root, 'data');
	const encoder = path.join(root, 'encoder.safetensors');
	const signal = new AbortController().signal;
	try {
		await drawTinyDataset(data, ['bolt'], 4);
		await writeTinyEncoder(encoder);
		for (let seed = 0; seed < CALLERS; seed++) {
			const side = SIZES[seed % SIZES.length];
			await trainModel(
				{
					store,
					data,
					model: `m${seed}`,
					encoder,
					seed,
					overrides: { imageSize: side, cropSize: side, batchSize: 2, iterations: 1, warmup: 0 },
					device: 'cpu',
					threads: 1,
				},
				{ signal, onProgress: () => undefined },
			);
		}
		const { categories } = await scanDataset(data);
		const images = categories.flatMap(({ test }) => test.map((entry) => ({ file: entry.path })));
		const score = (seed: number): Promise<ScoreOutcome[]> =>
			scoreImages(
				{ store, model: `m${seed}`, images, device: 'cpu', threads: 1 },
				{ signal, onOutcome: () => undefined },
			);
		const scores = (outcomes: ScoreOutcome[]) =>
			outcomes.map((outcome) => ('error' in outcome ? outcome.error.message : outcome.score));
		const callers = Array.from({ length: CALLERS }, (_, seed) => seed);
		const together = await Promise.all(callers.map(async (seed) => scores(await score(seed))));
		for (const seed of callers) expect(together[seed]).toEqual(scores(await score(seed)));
		expect(new Set(together.flat()).size).toBe(CALLERS * images.length);
	} finally {
		rmSync(root, { recursive: true, force: true });
	}
});
