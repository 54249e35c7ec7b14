import { Graph, halveLinears, quantiseLinears, serialise } from '../graph';
import type { Precision } from './precisionNames';
import { Session, type SessionOptions, type Value } from './session';

/** How a model is loaded for scoring. */
export interface ScoringOptions extends SessionOptions {
	/** `float32` when absent. */
	readonly precision?: Precision;
}

/** A graph whose linear layers are multiplied in a precision. */
export function inPrecision(graph: Graph, precision: Precision = 'float32'): Graph {
	if (precision === 'float32') return graph;
	return precision === 'int8' ? quantiseLinears(graph) : halveLinears(graph);
}

/** Extents of the probe: several rows, more than one vector register of columns, sums long enough to overflow 16 bits. */
const ROWS = 4;
const INNER = 64;
const COLUMNS = 32;
/** Largest codes of activations and weights. */
const ACTIVATION = 255;
const WEIGHT = 127;

/**
 * Whether this processor adds products of 8-bit integers without losing any. Without instructions for it (VNNI, AMX; dot products on Arm)
 * ONNX Runtime adds pairs of products in 16 bits, which clip: scores would then depend on the machine.
 */
export async function multipliesExactly(options: SessionOptions = {}): Promise<boolean> {
	const graph = new Graph();
	const codes = graph.input('codes', 'uint8', [ROWS, INNER]);
	const weights = graph.input('weights', 'int8', [INNER, COLUMNS]);
	const [sums] = graph.emit({
		opType: 'MatMulInteger',
		inputs: [codes, weights],
		outputs: [{ dtype: 'int32', shape: [ROWS, COLUMNS] }],
		gradient: 'none',
	});
	graph.output('sums', sums);
	const session = await Session.create(serialise(graph), { ...options, device: 'cpu' });
	try {
		const feeds: Record<string, Value> = {
			codes: {
				dtype: 'uint8',
				shape: [ROWS, INNER],
				data: new Uint8Array(ROWS * INNER).fill(ACTIVATION),
			},
			weights: {
				dtype: 'int8',
				shape: [INNER, COLUMNS],
				data: new Int8Array(INNER * COLUMNS).fill(WEIGHT),
			},
		};
		const { sums: found } = await session.run(feeds, { sums: null });
		return (found.data as Int32Array).every((sum) => sum === INNER * ACTIVATION * WEIGHT);
	} finally {
		await session.release();
	}
}
