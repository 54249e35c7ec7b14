import { gemm, Graph, serialise, sumAll } from '../graph';
import { Session, type SessionOptions } from './session';

/** Side of the matrices that are multiplied: large enough to reach the machine's rate, small enough to take no time. */
const SIDE = 1024;
const RUNS = 3;

/** Rate of one large matrix product on this machine at this moment, in floating-point operations per second. */
export async function matrixRate(options: SessionOptions = {}): Promise<number> {
	const graph = new Graph();
	const shape = [SIDE, SIDE];
	graph.output('sum', sumAll(gemm(graph.input('a', 'float32', shape), graph.input('b', 'float32', shape))));
	const session = await Session.create(serialise(graph), options);
	try {
		const matrix = { dtype: 'float32', shape, data: new Float32Array(SIDE * SIDE).fill(0.5) } as const;
		let best = Infinity;
		for (let run = 0; run <= RUNS; run++) {
			const start = performance.now();
			await session.run({ a: matrix, b: matrix }, { sum: null });
			if (run > 0) best = Math.min(best, performance.now() - start);
		}
		return (2 * SIDE ** 3) / (best / 1000);
	} finally {
		await session.release();
	}
}
