import { Graph, operandsOf, type Node, type Tensor } from './graph';
import type { TensorData } from './graph';
import { rewrite } from './rewrite';
import { dependsOnInput } from './varying';

/** Computes the outputs of a graph that has no inputs; float16 as bit patterns. */
export type ComputeConstants = (graph: Graph) => Promise<Readonly<Record<string, TensorData>>>;

/**
 * A copy of a graph in which whatever does not depend on an input is computed once and for all, so that a file holds the results, such as
 * weights in 8 bits, instead of what they are made of.
 */
export async function foldConstants(graph: Graph, compute: ComputeConstants): Promise<Graph> {
	const edge = fixedEdge(graph);
	if (edge.length === 0) return graph;
	const results = await compute(asOutputs(graph, edge));
	const known = new Map(edge.map((tensor, i) => [tensor, results[nameOf(i)]]));
	let copy: Graph | undefined;
	return rewrite(graph, (node, operands) => {
		if (!node.outputs.some((output) => known.has(output))) return null;
		copy ??= operands.find((operand) => operand !== null)?.graph;
		if (copy === undefined || node.outputs.length !== 1) return null;
		const [tensor] = node.outputs;
		const data = known.get(tensor);
		return data === undefined ? null : [copy.adopt({ tensor, data, name: null })];
	});
}

/** Tensors that never change and that something asks for which does. */
function fixedEdge(graph: Graph): Tensor[] {
	const varying = dependsOnInput(graph);
	const asked = new Set<Tensor>(graph.outputs.values());
	for (const node of graph.liveNodes()) {
		if (!node.outputs.some((output) => varying.has(output))) continue;
		for (const operand of operandsOf(node)) if (operand) asked.add(operand);
	}
	return [...asked].filter((tensor) => tensor.node !== null && !varying.has(tensor));
}

/** What some tensors are computed from, as a graph of its own that outputs them. */
function asOutputs(graph: Graph, tensors: readonly Tensor[]): Graph {
	const copy = new Graph();
	const copies = new Map<Tensor, Tensor>();
	const constants = new Map(graph.constants.map((constant) => [constant.tensor, constant]));
	const copyOf = (tensor: Tensor): Tensor => {
		const known = copies.get(tensor);
		if (known !== undefined) return known;
		const constant = constants.get(tensor);
		if (constant !== undefined) copies.set(tensor, copy.adopt(constant));
		else if (tensor.node !== null) copyNode(tensor.node);
		return copies.get(tensor) ?? unknown();
	};
	const copyNode = (node: Node): void => {
		const inputs = operandsOf(node).map((operand) => operand && copyOf(operand));
		const outputs = copy.emit({ ...node, inputs, gradient: 'none', unique: true });
		node.outputs.forEach((output, i) => copies.set(output, outputs[i]));
	};
	for (const [i, tensor] of tensors.entries()) copy.output(nameOf(i), copyOf(tensor));
	return copy;
}

function nameOf(index: number): string {
	return `fixed${index}`;
}

function unknown(): never {
	throw new Error('A graph names a tensor that it does not hold');
}
