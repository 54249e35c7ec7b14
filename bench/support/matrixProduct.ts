import { Graph, matmul, serialise, sumAll } from '../../src/graph';
import { Session, type Value } from '../../src/runtime/session';

const ROWS = 4096;
const WIDTH = 1536;

/** One large matrix product whose result stays inside the graph: the rate that this process can reach at this moment. */
export class MatrixProduct {
	private readonly feeds: Record<string, Value>;

	private constructor(private readonly session: Session) {
		const random = (rows: number): Value => ({
			dtype: 'float32',
			shape: [rows, WIDTH],
			data: Float32Array.from({ length: rows * WIDTH }, (_, i) => ((i * 2654435761) % 1000) / 500 - 1),
		});
		this.feeds = { a: random(ROWS), b: random(WIDTH) };
	}

	static async create(threads: number): Promise<MatrixProduct> {
		const graph = new Graph();
		graph.output(
			'sum',
			sumAll(
				matmul(
					graph.input('a', 'float32', [ROWS, WIDTH]),
					graph.input('b', 'float32', [WIDTH, WIDTH]),
				),
			),
		);
		return new MatrixProduct(await Session.create(serialise(graph), { device: 'cpu', threads }));
	}

	/** Floating-point operations per second of one product. */
	async rate(): Promise<number> {
		const start = performance.now();
		await this.session.run(this.feeds, { sum: null });
		return (2 * ROWS * WIDTH * WIDTH) / ((performance.now() - start) / 1000);
	}
}
