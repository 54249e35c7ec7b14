import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEngine } from '../../src/engine/host';
import type { DoctorCheck } from '../../src/engine/protocol';
import { encodePng } from '../../src/runtime/images';
import type { TrainProgress, TrainRequest } from '../../src/training/request';

const engine = openEngine({ entry: join(__dirname, '..', 'support', 'realEngine.cjs') });
let folder: string;

beforeAll(async () => {
	folder = mkdtempSync(join(tmpdir(), 'dinomaly-engine-'));
	const images = join(folder, 'data', 'part', 'train', 'good');
	mkdirSync(images, { recursive: true });
	for (let i = 0; i < 6; i++) writeFileSync(join(images, `${String(i)}.png`), await drawing(i));
});
afterAll(async () => {
	await engine.close();
	rmSync(folder, { recursive: true, force: true });
});

function request(model: string, iterations: number): TrainRequest {
	const overrides = { imageSize: 64, cropSize: 64, batchSize: 4, iterations };
	return {
		store: join(folder, 'store'),
		data: join(folder, 'data'),
		model,
		overrides,
		device: 'cpu',
		threads: 1,
	};
}

function drawing(level: number): Promise<Uint8Array> {
	const data = new Uint8Array(64 * 64 * 3).map((_, i) => 100 + 10 * level + (i % 7));
	return encodePng({ data, width: 64, height: 64, channels: 3 });
}

test('the doctor finds a healthy machine and trains and scores on it', async () => {
	const { checks } = await engine.doctor({ store: join(folder, 'store'), device: 'cpu', threads: 1 });
	const failed = checks.filter(({ status }: DoctorCheck) => status === 'fail');
	expect(failed).toEqual([]);
	expect(checks.map(({ check }) => check)).toContain('Train and score');
	expect(checks.find(({ check }) => check === 'Processor')?.detail).toMatch(
		/(not )?fit for scores in int8/,
	);
});

test('images are scored while a training runs, and a cancelled training goes on from its checkpoint', async () => {
	await engine.train(request('first', 2));
	const stop = new AbortController();
	let step = 0;
	let resolveStart = (): void => undefined;
	const started = new Promise<void>((resolve) => (resolveStart = resolve));
	const onProgress = ({ phase, done }: TrainProgress): void => {
		if (phase !== 'training') return;
		step = done;
		resolveStart();
	};
	const training = engine.train(request('long', 100_000), { signal: stop.signal, onProgress });
	const ended = training.catch((error: unknown) => error);
	await started;
	const bytes = await drawing(9);
	const images = [{ name: 'bytes', bytes }, { file: join(folder, 'missing.png') }];
	const outcomes = await engine.score({
		store: join(folder, 'store'),
		model: 'first',
		images,
		device: 'cpu',
		threads: 1,
	});
	expect(outcomes).toMatchObject([
		{ file: 'bytes', device: 'cpu' },
		{ error: { message: expect.stringContaining('missing.png') } },
	]);
	expect(step).toBeLessThan(100_000);
	stop.abort();
	expect(await ended).toMatchObject({
		code: 'CANCELLED',
		message: expect.stringMatching(/checkpoint is kept/),
	});

	const first = await new Promise<number>((resolve, reject) => {
		const again = new AbortController();
		engine
			.train(
				{ ...request('long', 100_000), resume: true },
				{
					signal: again.signal,
					onProgress: ({ phase, done }) => {
						if (phase !== 'training') return;
						again.abort();
						resolve(done);
					},
				},
			)
			.catch(reject);
	});
	expect(first).toBeGreaterThan(step);
}, 240_000);
