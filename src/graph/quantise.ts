import type { Graph, Tensor } from './graph';
import { quantisedLinear } from './operators/quantised';
import { rewrite } from './rewrite';
import { dependsOnInput, isFixedLinear } from './varying';

/** Narrower layers gain nothing from integers. */
const LEAST_WIDTH = 64;

/** Writes a linear layer, x W^T + b, in 8-bit integers. */
export type QuantisedLinear = (x: Tensor, weight: Tensor, bias: Tensor | null) => Tensor;

/**
 * A copy of a graph whose linear layers with fixed weights multiply 8-bit integers; all else stays in float32. A layer counts as fixed when
 * neither its weights nor its bias depend on an input of the graph.
 */
export function quantiseLinears(graph: Graph, write: QuantisedLinear = quantisedLinear): Graph {
	const varying = dependsOnInput(graph);
	return rewrite(graph, (node, [x, weight, bias]) => {
		// The runtime's operator adds a vector with a value for each output, nothing else.
		if (!isFixedLinear(node, varying) || !x || !weight) return null;
		return Math.min(...weight.shape) < LEAST_WIDTH ? null : [write(x, weight, bias ?? null)];
	});
}
