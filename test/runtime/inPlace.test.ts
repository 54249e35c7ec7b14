import { Graph, scale, serialise } from '../../src/graph';
import { SEQUENCE_OUTPUT } from '../../src/runtime/inPlace';
import { Session, type Value } from '../../src/runtime/session';

const SIZE = 4_000_000;
const BYTES = 4 * SIZE;

async function doubling(): Promise<Session> {
	const graph = new Graph();
	const x = graph.input('x', 'float32', [SIZE]);
	graph.output('twice', scale(x, 2));
	graph.output('thrice', scale(x, 3));
	return Session.create(serialise(graph, { sequenceOutput: SEQUENCE_OUTPUT }), {
		device: 'cpu',
		threads: 1,
	});
}

function filled(value: number): Value & { readonly data: Float32Array } {
	return { dtype: 'float32', shape: [SIZE], data: new Float32Array(SIZE).fill(value) };
}

let session: Session;
beforeAll(async () => {
	session = await doubling();
});
afterAll(() => session.release());

test('a run that is given an array for every output fills them and makes no other', async () => {
	const [x, twice, thrice] = [filled(1), filled(0), filled(0)];
	const before = process.memoryUsage().arrayBuffers;
	const results = await session.run({ x }, { twice, thrice });
	const made = process.memoryUsage().arrayBuffers - before;
	expect([twice.data[0], twice.data[SIZE - 1], thrice.data[0]]).toEqual([2, 2, 3]);
	expect(results.twice.data).toBe(twice.data);
	expect(made).toBeLessThan(BYTES);
});

test('outputs that no array is given for come back as ever', async () => {
	const results = await session.run({ x: filled(1) }, { twice: null, thrice: filled(0) });
	expect([results.twice.data[0], results.thrice.data[0]]).toEqual([2, 3]);
	expect(Object.keys(results)).toEqual(['twice', 'thrice']);
});

test('a run that fails says so, with nothing taken for done', async () => {
	const short: Value = { dtype: 'float32', shape: [3], data: new Float32Array(3) };
	await expect(session.run({ x: short }, { twice: filled(0), thrice: filled(0) })).rejects.toThrow(
		/dimension/i,
	);
});
