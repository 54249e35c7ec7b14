import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type * as host from '../../src/engine/host';
import { openEngine } from '../../src/engine/host';
import { SharedEngine } from '../../src/engine/sharedEngine';
import { DinomalyError } from '../../src/errors';
import type { TrainProgress } from '../../src/training/request';

const SUPPORT = join(__dirname, '..', 'support');
const ENTRY = join(SUPPORT, 'fakeEngine.cjs');

const engine = openEngine({ entry: ENTRY });
afterAll(() => engine.close());

const train = (model: string, options: Parameters<host.Engine['train']>[1] = {}) =>
	engine.train({ store: '/store', data: '/data', model }, options);

describe('calls', () => {
	test('no process is started before the first call', () => {
		expect(openEngine({ entry: join(SUPPORT, 'nowhere.cjs') }).pid).toBeUndefined();
	});

	test('a result comes back whole, with the progress before it', async () => {
		const seen: TrainProgress[] = [];
		const { models } = await train('quick', { onProgress: (progress) => seen.push(progress) });
		expect(models[0]).toMatchObject({ model: 'quick', version: '1', finalLoss: 0.25 });
		expect(seen.map(({ phase, done, notice }) => [phase, done, notice])).toEqual([
			['reading', 0, 'the embedded encoder is used'],
			['training', 1, undefined],
		]);
	});

	test('outcomes stream in and end up in the order of the images', async () => {
		const streamed: number[] = [];
		const outcomes = await engine.score(
			{ store: '/s', model: 'm', images: [{ file: 'a.png' }, { file: 'bad.png' }, { file: 'c.png' }] },
			{ onOutcome: (_, index) => streamed.push(index) },
		);
		expect(streamed).toEqual([0, 1, 2]);
		expect(outcomes.map((outcome) => ('error' in outcome ? outcome.error.code : outcome.score))).toEqual([
			0.5,
			'IMAGE_UNREADABLE',
			2.5,
		]);
	});

	test('an engine that forgets images, or repeats them, makes no items', async () => {
		const request = { store: '/s', images: [{ file: 'a' }, { file: 'b' }] };
		await expect(engine.score({ ...request, model: 'forgetful' })).rejects.toMatchObject({
			code: 'ENGINE_DIED',
			message: 'Expected the outcomes of 2 images from the other process, found 0',
		});
		const streamed: number[] = [];
		const outcomes = await engine.score(
			{ ...request, model: 'repeating' },
			{ onOutcome: (_, index) => streamed.push(index) },
		);
		expect([streamed, outcomes.length]).toEqual([[0, 1], 2]);
		await expect(engine.score({ ...request, model: 'boundless' })).rejects.toMatchObject({
			code: 'ENGINE_DIED',
			message: expect.stringContaining('Expected news of a job from the other process'),
		});
	});

	test('the other jobs pass their requests and results through', async () => {
		const counts: number[][] = [];
		const onProgress = (done: number, total: number): void => void counts.push([done, total]);
		const evaluation = await engine.evaluate({ store: '/s', model: 'm', data: '/d' }, { onProgress });
		expect(evaluation.mean.imageAuroc).toBe(0.9);
		expect(counts).toEqual([
			[1, 2],
			[2, 2],
		]);
		expect(await engine.exportModel({ store: '/s', model: 'm', onnxPath: '/x.onnx' })).toMatchObject({
			path: '/x.onnx',
		});
		expect(await engine.drawSample({ dir: '/d', seed: 5 })).toMatchObject({ dir: '/d', files: 5 });
	});

	test('the engine process has no Float16Array, which onnxruntime-node cannot stand', async () => {
		const { checks } = await engine.doctor({ store: '/s' });
		expect(checks).toContainEqual(expect.objectContaining({ check: 'Float16Array', status: 'ok' }));
	});

	test('a flood of progress is thinned, the last of it is not', async () => {
		const seen: number[] = [];
		await train('flood', { onProgress: ({ done }) => seen.push(done) });
		expect(seen.length).toBeLessThan(100);
		expect(seen.at(-1)).toBe(5000);
	});

	test('trainings run one after the other while scores pass them', async () => {
		const order: string[] = [];
		const stop = new AbortController();
		const first = train('slow', { signal: stop.signal }).catch(() => order.push('slow'));
		const second = train('order').then(() => order.push('order'));
		await engine.score({ store: '/s', model: 'm', images: [{ file: 'a' }] });
		order.push('score');
		stop.abort();
		await Promise.all([first, second]);
		expect(order).toEqual(['score', 'slow', 'order']);
	});

	test('a callback that throws fails its own call and cancels the job', async () => {
		const fail = (): never => {
			throw new Error('the caller tripped');
		};
		await expect(train('slow', { onProgress: fail })).rejects.toThrow('the caller tripped');
		await expect(train('quick')).resolves.toBeDefined();
	});
});

describe('errors', () => {
	test('ours cross with class, code, message and hint', async () => {
		const error: unknown = await train('ours').catch((reason: unknown) => reason);
		expect(error).toBeInstanceOf(DinomalyError);
		expect(error).toMatchObject({
			code: 'DISK_FULL',
			message: 'Expected room, found none',
			hint: 'Free some space',
		});
	});

	test('others keep their message', async () => {
		await expect(train('foreign')).rejects.toThrow(/^some inner failure$/);
	});

	test('a missing engine program is a clear sentence', async () => {
		const lost = openEngine({ entry: join(SUPPORT, 'nowhere.cjs') });
		await expect(lost.drawSample({ dir: '/d' })).rejects.toMatchObject({
			code: 'RUNTIME_MISSING',
			message: expect.stringContaining('nowhere.cjs'),
		});
	});
});

describe('death', () => {
	test.each([
		['suicide', /killed by SIGKILL, most likely out of memory$/],
		['exit', /exited with code 7$/],
		['heap', /ran out of memory/],
		['uncaught', /stopped on an unexpected error: nobody caught this$/],
		['rejected', /stopped on an unexpected error: nobody awaited this$/],
		[
			'babbling',
			/unexpected error: Expected an array of 1 to 4294967296 bytes .*, found 1125899906842624$/,
		],
		['senseless', /stopped on an unexpected error: Cannot read properties of null/],
		['tongue-tied', /unexpected error: Expected an answer to the job "train" .*, found Object$/],
		['gossip', /unexpected error: Expected news of a job from the other process, found Object$/],
	])(
		'a job in an engine that ends by "%s" fails with a sentence, and the next call works',
		async (model, sentence) => {
			await expect(train(model)).rejects.toMatchObject({
				name: 'DinomalyError',
				code: 'ENGINE_DIED',
				message: expect.stringMatching(sentence),
				hint: expect.stringMatching(/Resume/),
			});
			await expect(train('quick')).resolves.toBeDefined();
		},
	);

	test('the last words of the engine are in the hint and in the log', async () => {
		const lines: string[] = [];
		await expect(train('suicide', { onLog: (line) => lines.push(line) })).rejects.toMatchObject({
			hint: expect.stringContaining('last words before the end'),
		});
		expect(lines).toEqual(['last words before the end']);
	});

	test('every job in flight fails when the engine is killed, and a new process takes the next', async () => {
		await train('quick');
		const before = engine.pid!;
		const jobs = [train('deaf', { onProgress: () => process.kill(before, 'SIGKILL') }), train('order')];
		for (const outcome of await Promise.allSettled(jobs)) {
			expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ENGINE_DIED' } });
		}
		await train('quick');
		expect(engine.pid).not.toBe(before);
	});
});

describe('death while messages are on their way', () => {
	/** Goes out in pieces, a turn of the event loop after each. */
	const large = { name: 'large', bytes: new Uint8Array(48 << 20) };

	test.each([
		['before the first piece', 0],
		['between two pieces', 15],
		['a moment later', 60],
	])('calls that wait to be sent are answered when the engine is killed %s', async (_, afterMs) => {
		await train('quick');
		const before = engine.pid!;
		const jobs = [
			engine.score({ store: '/s', model: 'm', images: [large, large] }),
			train('order'),
			engine.score({ store: '/s', model: 'm', images: [{ file: 'behind' }] }),
		];
		process.kill(before, 'SIGSTOP'); // nothing is read any more, so that the pieces stay on their way
		await sleep(afterMs);
		process.kill(before, 'SIGKILL');
		const hung = sleep(8000).then(() => 'hung');
		for (const job of jobs) {
			const outcome = await Promise.race([job.catch((error: unknown) => error), hung]);
			expect(outcome).toMatchObject({
				code: 'ENGINE_DIED',
				message: expect.stringContaining('SIGKILL'),
			});
		}
		await expect(train('quick')).resolves.toBeDefined();
	});
});

describe('cancelling', () => {
	test('a job that listens ends with its own words', async () => {
		const stop = new AbortController();
		const onProgress = ({ done }: TrainProgress): void => {
			if (done > 0) stop.abort();
		};
		await expect(train('slow', { signal: stop.signal, onProgress })).rejects.toMatchObject({
			code: 'CANCELLED',
			message: 'Cancelled; a checkpoint was kept',
			hint: 'Resume it',
		});
	});

	test('a bare abort becomes CANCELLED, and the engine lives on', async () => {
		await train('quick');
		const before = engine.pid;
		const stop = new AbortController();
		const job = train('abortable', {
			signal: stop.signal,
			onProgress: () => {
				stop.abort();
			},
		});
		await expect(job).rejects.toMatchObject({ code: 'CANCELLED' });
		expect(engine.pid).toBe(before);
	});

	test('a signal that has fired already starts nothing', async () => {
		await expect(train('slow', { signal: AbortSignal.abort() })).rejects.toMatchObject({
			code: 'CANCELLED',
		});
	});

	test('a training that waits in the queue is dropped at once', async () => {
		const stop = new AbortController();
		const running = train('slow', { signal: stop.signal }).catch(() => 'ended');
		await expect(train('order', { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
			code: 'CANCELLED',
		});
		stop.abort();
		expect(await running).toBe('ended');
	});

	test('an engine that does not hear is killed after the grace period', async () => {
		await train('quick');
		const before = engine.pid!;
		const stop = new AbortController();
		const job = train('blocked', {
			signal: stop.signal,
			graceMs: 150,
			onProgress: () => {
				stop.abort();
			},
		});
		await expect(job).rejects.toMatchObject({
			code: 'CANCELLED',
			message: expect.stringContaining('within 0.15 s'),
			hint: expect.stringContaining('Resume'),
		});
		await untilGone(before);
		await expect(train('quick')).resolves.toBeDefined();
	});

	test("another caller's job in that engine is finished first, and new jobs go to a fresh one", async () => {
		await train('quick');
		const before = engine.pid!;
		const stop = new AbortController();
		const deaf = train('deaf', {
			signal: stop.signal,
			graceMs: 50,
			onProgress: () => {
				stop.abort();
			},
		});
		const images = Array.from({ length: 400 }, (_, i) => ({ file: `${String(i)}.png` }));
		const score = engine.score({ store: '/s', model: 'm', images });
		await expect(deaf).rejects.toMatchObject({ code: 'CANCELLED' });
		await train('quick');
		expect(engine.pid).not.toBe(before);
		expect(await score).toHaveLength(400);
		await untilGone(before);
	});
});

describe('the host process', () => {
	test('its event loop is held up for pieces of large images only, never for a whole one', async () => {
		const { stdout } = await promisify(execFile)(process.execPath, [join(SUPPORT, 'heldUp.cjs')]);
		const { ours, whole } = JSON.parse(stdout) as { ours: number; whole: number };
		expect(ours).toBeGreaterThan(0);
		expect(ours / whole).toBeLessThan(1 / 3);
	}, 120_000);

	test('it exits by itself while the engine idles, and takes the engine with it', async () => {
		const { code, pid } = await runHost('idle');
		expect(code).toBe(0);
		await untilGone(pid);
	});

	test('process.exit in the middle of a job leaves no engine behind', async () => {
		const { pid } = await runHost('exit');
		await untilGone(pid);
	});

	test.each(['deaf', 'blocked'])('a host killed by SIGKILL leaves no engine behind (%s)', async (model) => {
		const host = spawn(process.execPath, [join(SUPPORT, 'engineHost.cjs'), model]);
		const pid = await new Promise<number>((resolve) => {
			host.stdout.once('data', (text: Buffer) => {
				resolve(Number(text.toString()));
			});
		});
		expect(isAlive(pid)).toBe(true);
		host.kill('SIGKILL');
		await untilGone(pid);
	});

	test('the engine ends after a while without work, and the next call starts another', async () => {
		const shared = new SharedEngine(ENTRY, 50);
		const run = () =>
			shared.run('drawSample', { dir: '/d' }, { graceMs: 1000, onEvent: () => undefined });
		await run();
		const before = shared.pid!;
		await untilGone(before);
		await expect(run()).resolves.toMatchObject({ ok: true });
		expect(shared.pid).not.toBe(before);
		await shared.close();
	});

	test('closing the engine cancels what is in it and leaves no process', async () => {
		const shared = new SharedEngine(ENTRY, 60_000);
		const request = { store: '/s', data: '/d', model: 'deaf' };
		const job = shared.run('train', request, { graceMs: 1000, onEvent: () => undefined });
		const pid = shared.pid!;
		await shared.close();
		await expect(job).resolves.toMatchObject({ ok: false, error: { code: 'CANCELLED' } });
		expect(isAlive(pid)).toBe(false);
	});
});

describe('sharing', () => {
	test('a second copy of the package uses the same process', async () => {
		const copy = loadCopy();
		expect(copy.openEngine).not.toBe(openEngine);
		const second = copy.openEngine({ entry: ENTRY });
		await train('quick');
		await second.drawSample({ dir: '/d' });
		expect(second.pid).toBe(engine.pid);
	});

	test('each copy gets errors of its own class', async () => {
		const copy = loadCopy();
		const error: unknown = await copy
			.openEngine({ entry: ENTRY })
			.train({ store: '/s', data: '/d', model: 'ours' })
			.catch((reason: unknown) => reason);
		expect(error).not.toBeInstanceOf(DinomalyError);
		expect(error).toMatchObject({ name: 'DinomalyError', code: 'DISK_FULL' });
	});
});

/** The modules once more, as when n8n loads the package twice. */
function loadCopy(): typeof host {
	let copy: typeof host | undefined;
	jest.isolateModules(() => {
		copy = jest.requireActual<typeof host>('../../src/engine/host');
	});
	return copy!;
}

function runHost(mode: string): Promise<{ code: number; pid: number }> {
	return new Promise((resolve) => {
		execFile(process.execPath, [join(SUPPORT, 'engineHost.cjs'), mode], (error, stdout) => {
			resolve({ code: Number(error?.code ?? 0), pid: Number(stdout) });
		});
	});
}

/** A process that has ended but whose new parent has not collected it yet counts as ended. */
function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return (
			process.platform !== 'linux' ||
			!/^State:\s+Z/m.test(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))
		);
	} catch {
		return false;
	}
}

async function untilGone(pid: number): Promise<void> {
	expect(pid).toBeGreaterThan(1);
	for (let i = 0; i < 100 && isAlive(pid); i++) await sleep(100);
	expect(isAlive(pid)).toBe(false);
}
