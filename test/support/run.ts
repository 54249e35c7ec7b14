import { serialise, type Graph } from '../../src/graph';
import { Session, type Value } from '../../src/runtime/session';

export { relativeError } from '../../bench/support/relativeError';

/** Runs a graph once on the CPU and returns all its outputs. */
export async function runGraph(graph: Graph, feeds: Record<string, Value>): Promise<Record<string, Value>> {
	const session = await Session.create(serialise(graph), { device: 'cpu', threads: 2 });
	try {
		const wanted = Object.fromEntries([...graph.outputs.keys()].map((name) => [name, null]));
		return await session.run(feeds, wanted);
	} finally {
		await session.release();
	}
}

export function floats(data: Float32Array, shape: readonly number[]): Value {
	return { dtype: 'float32', shape, data };
}

export function scalar(value: number): Value {
	return { dtype: 'float32', shape: [], data: Float32Array.of(value) };
}

/** Largest absolute difference. */
export function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
	if (a.length !== b.length) throw new Error(`Lengths differ: ${a.length} and ${b.length}`);
	let largest = 0;
	for (let i = 0; i < a.length; i++) {
		const difference = Math.abs(a[i] - b[i]);
		if (!(difference <= largest)) largest = difference;
	}
	return largest;
}
