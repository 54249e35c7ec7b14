import { Graph, operandsOf, type Node, type Tensor } from './graph';

/** The outputs that take a node's place, made of its operands in the new graph; null keeps the node. */
export type Replacement = (node: Node, operands: readonly (Tensor | null)[]) => readonly Tensor[] | null;

/** A copy of what a graph's outputs need in which some nodes are replaced. It computes only: gradients do not come along. */
export function rewrite(graph: Graph, replace: Replacement): Graph {
	const copy = new Graph();
	const copies = new Map<Tensor, Tensor>();
	for (const [name, { dtype, shape }] of graph.inputs)
		copies.set(required(graph.inputs.get(name)), copy.input(name, dtype, shape));
	const constants = new Map(graph.constants.map((constant) => [constant.tensor, constant]));
	// Constants that nothing asks for stay behind.
	const copyOf = (tensor: Tensor): Tensor => {
		const known = copies.get(tensor) ?? copy.adopt(required(constants.get(tensor)));
		copies.set(tensor, known);
		return known;
	};
	for (const node of graph.liveNodes()) {
		if (node.inputs.length > node.operands && node.opType !== 'Identity')
			throw new Error(`${node.opType} has a body that reads this graph; such a node cannot be copied`);
		const operands = operandsOf(node).map((operand) => operand && copyOf(operand));
		const outputs =
			replace(node, operands) ??
			copy.emit({ ...node, inputs: operands, gradient: 'none', unique: true });
		node.outputs.forEach((output, i) => copies.set(output, outputs[i]));
	}
	for (const [name, tensor] of graph.outputs) copy.output(name, copyOf(tensor));
	return copy;
}

function required<T>(value: T | undefined): T {
	if (value === undefined) throw new Error('A graph names a tensor that it does not hold');
	return value;
}
