import { ScoreImage } from '../../nodes/ScoreImage/ScoreImage.node';
import { fileItem, oneNode } from './support/flow';
import { N8nLab } from './support/n8nLab';

const mockAsked: { names: string[]; batching: unknown; answer: () => void }[] = [];

// An engine that answers when the test says so, and finds fault with each image by its name.
jest.mock('../../nodes/shared/engine', () => ({
	engineAt: () =>
		Promise.resolve({
			score: ({ images, batching }: { images: readonly { name: string }[]; batching?: unknown }) =>
				new Promise((resolve) => {
					const names = images.map(({ name }) => name);
					const answer = (): void => {
						resolve(
							names.map((name) => ({
								error: { code: 'IMAGE_BROKEN', message: `seen ${name}` },
							})),
						);
					};
					mockAsked.push({ names, batching, answer });
				}),
		}),
}));

let lab: N8nLab;
beforeAll(async () => {
	lab = await N8nLab.open({ scoreImage: ScoreImage });
});
beforeEach(() => mockAsked.splice(0));
afterAll(() => {
	lab.close();
});

const items = Array.from({ length: 45 }, () => fileItem(Buffer.from('an image')));
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits for so many calls, and then a little for more than that. */
async function callsSoFar(expected: number): Promise<number> {
	for (let waited = 0; mockAsked.length < expected && waited < 5000; waited += 10) await pause(10);
	await pause(50);
	return mockAsked.length;
}

test.each([
	[{ engineWorkers: true }, 4],
	[{}, 1],
	[{ device: 'cpu' }, 1],
	[{ device: 'webgpu' }, 2],
])(
	'with options %j, %i engine calls of eight images are under way, and the items keep their order',
	async (options, atOnce) => {
		const model = { __rl: true, mode: 'name', value: 'bolts' };
		const running = lab.start(
			oneNode('scoreImage', { model, options }, { onError: 'continueRegularOutput' }),
			{ items },
		);
		expect(await callsSoFar(atOnce)).toBe(atOnce);
		// Nothing more is asked for before the first call is answered.
		mockAsked.at(-1)?.answer();
		expect(await callsSoFar(atOnce === 1 ? 2 : atOnce)).toBe(atOnce === 1 ? 2 : atOnce);
		for (let k = 0; k < 6; k++) {
			await callsSoFar(k + 1);
			mockAsked[k].answer();
		}
		expect(mockAsked.map(({ names }) => names.length)).toEqual([8, 8, 8, 8, 8, 5]);
		const run = await running.done;
		const expected = items.map((_, k) => `seen data of item ${String(k)}`);
		expect(run.json().map(({ error }) => error)).toEqual(expected);
	},
);

test.each([
	[{}, undefined],
	[{ batchSize: 16, batchWaitMs: 20 }, undefined],
	[{ batchSize: 64 }, { size: 64, waitMs: 20 }],
	[{ batchWaitMs: 0 }, { size: 16, waitMs: 0 }],
])('with options %j the engine is asked to batch as %j', async (options, batching) => {
	const model = { __rl: true, mode: 'name', value: 'bolts' };
	const running = lab.start(
		oneNode('scoreImage', { model, options }, { onError: 'continueRegularOutput' }),
		{
			items: items.slice(0, 1),
		},
	);
	await callsSoFar(1);
	expect(mockAsked[0].batching).toEqual(batching);
	mockAsked[0].answer();
	await running.done;
});
