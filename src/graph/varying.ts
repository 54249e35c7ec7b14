import type { Graph, Node, Tensor } from './graph';

/** The tensors of a graph that change from run to run. */
export function dependsOnInput(graph: Graph): ReadonlySet<Tensor> {
	const varying = new Set(graph.inputs.values());
	for (const { inputs, outputs } of graph.nodes)
		if (inputs.some((input) => input !== null && varying.has(input)))
			for (const output of outputs) varying.add(output);
	return varying;
}

/** Whether a tensor depends on an input of its graph, or of one around it. */
export function changes({ graph, node, id }: Tensor): boolean {
	if (node !== null) return node.inputs.some((input) => input !== null && changes(input));
	return [...graph.inputs.values()].some((input) => input.id === id);
}

/** Whether a node is x W^T + b in float32 with weights (out, in) and a bias (out) or none that never change. */
export function isFixedLinear({ opType, inputs, attributes }: Node, varying: ReadonlySet<Tensor>): boolean {
	if (opType !== 'Gemm' || attributes.transA !== 0 || attributes.transB !== 1) return false;
	const [x, weight, bias] = inputs;
	if (!x || !weight || !varying.has(x) || varying.has(weight) || (bias && varying.has(bias))) return false;
	const { alpha } = attributes;
	const plain = typeof alpha === 'object' && 'float' in alpha && alpha.float === 1;
	const vector = !bias || (bias.shape.length === 1 && bias.shape[0] === weight.shape[0]);
	return plain && vector && x.dtype === 'float32';
}
