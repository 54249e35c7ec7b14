import { setTimeout as sleep } from 'node:timers/promises';
import { Batcher } from '../../src/scoring/batcher';
import { checkBatching, type BatchLimits } from '../../src/scoring/batchLimits';

const SIZES = [1, 4, 16];
/** Far longer than a test may take: an item that is held back until then fails it. */
const LONG: BatchLimits = { size: 16, waitMs: 60_000 };

interface Run {
	readonly items: readonly number[];
	readonly size: number;
	/** Ends it. */
	readonly end: (error?: Error) => void;
}

/** A batcher whose runs end when the test says so, and what it has started so far. */
function watched(): {
	batcher: Batcher<number, number>;
	runs: Run[];
	started: (count: number) => Promise<void>;
} {
	const runs: Run[] = [];
	const batcher = new Batcher<number, number>(
		SIZES,
		(items, size) =>
			new Promise((resolve, reject) => {
				runs.push({
					items,
					size,
					end: (error) => {
						if (error) reject(error);
						else resolve(items.map((item) => 10 * item));
					},
				});
			}),
	);
	const started = async (count: number): Promise<void> => {
		for (let turn = 0; runs.length < count && turn < 2000; turn++) await sleep(1);
		expect(runs.length).toBe(count);
	};
	return { batcher, runs, started };
}

const addAll = (
	batcher: Batcher<number, number>,
	items: readonly number[],
	limits: BatchLimits = LONG,
): Promise<number[]> => Promise.all(items.map((item) => batcher.add(item, limits)));

const upTo = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);

test('one caller never waits: each item is computed at once, alone', async () => {
	const { batcher, runs, started } = watched();
	for (let i = 0; i < 3; i++) {
		const result = batcher.add(i, LONG);
		await started(i + 1);
		expect(runs[i]).toMatchObject({ items: [i], size: 1 });
		runs[i].end();
		expect(await result).toBe(10 * i);
	}
});

test('what comes in during a run is computed together next, each caller with its own result', async () => {
	const { batcher, runs, started } = watched();
	const first = batcher.add(99, LONG);
	await started(1);
	const others = addAll(batcher, upTo(16));
	runs[0].end();
	await started(2);
	expect(runs[1]).toMatchObject({ items: upTo(16), size: 16 });
	runs[1].end();
	expect(await first).toBe(990);
	expect(await others).toEqual(upTo(16).map((item) => 10 * item));
});

test('callers who come back are waited for, until the time is over', async () => {
	const { batcher, runs, started } = watched();
	const limits = { size: 16, waitMs: 300 };
	void batcher.add(99, limits);
	await started(1);
	void addAll(batcher, upTo(16), limits);
	runs[0].end();
	await started(2);
	runs[1].end();
	// The last run had sixteen; of these only three come back, one after the other.
	const begun = performance.now();
	void batcher.add(1, limits);
	await sleep(20);
	void batcher.add(2, limits);
	await sleep(20);
	void batcher.add(3, limits);
	expect(runs).toHaveLength(2);
	await started(3);
	expect(performance.now() - begun).toBeGreaterThan(250);
	expect(runs[2]).toMatchObject({ items: [1, 2, 3], size: 4 });
	runs[2].end();
	// Now three are expected, and a fourth is not.
	const next = addAll(batcher, [4, 5, 6]);
	await started(4);
	runs[3].end();
	expect(await next).toEqual([40, 50, 60]);
});

test.each([
	[
		2,
		[
			[1, 1],
			[1, 1],
		],
	],
	[3, [[3, 4]]],
	[
		5,
		[
			[4, 4],
			[1, 1],
		],
	],
	[
		11,
		[
			[4, 4],
			[4, 4],
			[3, 4],
		],
	],
	[12, [[12, 16]]],
	[
		20,
		[
			[16, 16],
			[4, 4],
		],
	],
] as const)('%i items are computed in runs that are full, or nearly', async (count, expected) => {
	const { batcher, runs, started } = watched();
	const limits = { size: 16, waitMs: 0 };
	void batcher.add(99, limits);
	await started(1);
	const results = addAll(batcher, upTo(count), limits);
	for (let i = 0; i < expected.length; i++) {
		runs[i].end();
		await started(i + 2);
	}
	runs[expected.length].end();
	expect(await results).toEqual(upTo(count).map((item) => 10 * item));
	expect(runs.slice(1).map(({ items, size }) => [items.length, size])).toEqual(expected);
});

test('no item is computed with more than its caller allows, and the order stays', async () => {
	const { batcher, runs, started } = watched();
	void batcher.add(99, LONG);
	await started(1);
	void addAll(batcher, [0, 1, 2, 3], { size: 4, waitMs: 0 });
	void addAll(batcher, [4], { size: 1, waitMs: 0 });
	void addAll(batcher, [5, 6, 7, 8, 9], { size: 4, waitMs: 0 });
	for (const [i, items] of [[0, 1, 2, 3], [4], [5, 6, 7, 8], [9]].entries()) {
		runs[i].end();
		await started(i + 2);
		expect(runs[i + 1].items).toEqual(items);
	}
});

test('a run that is too large for the device is done again in smaller ones, and so are all that follow', async () => {
	const { batcher, runs, started } = watched();
	const limits = { size: 16, waitMs: 0 };
	void batcher.add(99, limits);
	await started(1);
	const results = addAll(batcher, upTo(16), limits);
	runs[0].end();
	await started(2);
	runs[1].end(new Error('out of memory'));
	for (let i = 2; i < 6; i++) {
		await started(i + 1);
		expect(runs[i]).toMatchObject({ items: upTo(4, 4 * (i - 2)), size: 4 });
		runs[i].end();
	}
	expect(await results).toEqual(upTo(16).map((item) => 10 * item));
});

test('what fails by itself fails its caller only', async () => {
	const { batcher, runs, started } = watched();
	const failing = batcher.add(1, LONG);
	await started(1);
	const good = batcher.add(2, LONG);
	runs[0].end(new Error('no device'));
	await expect(failing).rejects.toThrow('no device');
	await started(2);
	runs[1].end();
	expect(await good).toBe(20);
});

test.each([
	[{ size: 0, waitMs: 20 }, 'Expected a batch size from 1 to 64, found 0'],
	[{ size: 2.5, waitMs: 20 }, 'Expected a batch size from 1 to 64, found 2.5'],
	[{ size: 65, waitMs: 20 }, 'Expected a batch size from 1 to 64, found 65'],
	[{ size: 4, waitMs: -1 }, 'Expected a batch wait from 0 to 1000 ms, found -1'],
	[{ size: 4, waitMs: NaN }, 'Expected a batch wait from 0 to 1000 ms, found NaN'],
])('limits that make no sense are one sentence: %p', (limits, message) => {
	expect(() => checkBatching(limits)).toThrow(message);
	expect(checkBatching({ size: 64, waitMs: 0 })).toEqual({ size: 64, waitMs: 0 });
});
