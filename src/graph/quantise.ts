import type { Graph, Node, Tensor } from './graph';
import { quantisedLinear } from './operators/quantised';
import { rewrite } from './rewrite';

/** Narrower layers gain nothing from integers. */
const LEAST_WIDTH = 64;

/**
 * A copy of a graph whose linear layers with fixed weights multiply 8-bit integers; all else stays in float32. A layer counts as fixed when
 * neither its weights nor its bias depend on an input of the graph.
 */
export function quantiseLinears(graph: Graph): Graph {
	const varying = dependsOnInput(graph);
	return rewrite(graph, (node, [x, weight, bias]) => {
		if (!isFixedLinear(node, varying) || !x || !weight) return null;
		return [quantisedLinear(x, weight, bias ?? null)];
	});
}

/** A tensor that changes from run to run. */
function dependsOnInput(graph: Graph): ReadonlySet<Tensor> {
	const varying = new Set(graph.inputs.values());
	for (const { inputs, outputs } of graph.nodes)
		if (inputs.some((input) => input !== null && varying.has(input)))
			for (const output of outputs) varying.add(output);
	return varying;
}

function isFixedLinear({ opType, inputs, attributes }: Node, varying: ReadonlySet<Tensor>): boolean {
	if (opType !== 'Gemm' || attributes.transA !== 0 || attributes.transB !== 1) return false;
	const [x, weight, bias] = inputs;
	if (!x || !weight || !varying.has(x) || varying.has(weight) || (bias && varying.has(bias))) return false;
	const { alpha } = attributes;
	const plain = typeof alpha === 'object' && 'float' in alpha && alpha.float === 1;
	// The runtime's operator adds a vector with a value for each output, nothing else.
	const vector = !bias || (bias.shape.length === 1 && bias.shape[0] === weight.shape[0]);
	return plain && vector && x.dtype === 'float32' && Math.min(...weight.shape) >= LEAST_WIDTH;
}
