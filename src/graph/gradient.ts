import { DinomalyError } from '../errors';
import type { Graph, Node, Tensor } from './graph';
import { add } from './operators/elementwise';
import { sameShape, shapeError } from './shape';

/**
 * Gradients of a scalar with respect to `targets`, recorded into the same graph (reverse mode).
 * A target that `loss` does not depend on gives null.
 */
export function gradients(loss: Tensor, targets: readonly Tensor[]): (Tensor | null)[] {
	if (loss.shape.length !== 0)
		throw shapeError('gradients', 'the differentiated value must be a scalar', loss.shape);
	return pullBack([loss], [loss.graph.scalar(1)], targets);
}

/**
 * What arrives at `targets` when `seeds` arrive at `values` of one graph, recorded into that graph (vector-Jacobian product). Targets may
 * belong to graphs around it. One that no value depends on gives null.
 */
export function pullBack(
	values: readonly Tensor[],
	seeds: readonly Tensor[],
	targets: readonly Tensor[],
): (Tensor | null)[] {
	const order = dependents(values[0].graph, new Set(targets));
	const arrived = new Map<Tensor, Tensor>(values.map((value, i) => [value, seeds[i]]));

	for (let i = order.length - 1; i >= 0; i--) {
		const node = order[i];
		const incoming = node.outputs.map((output) => arrived.get(output) ?? null);
		if (node.gradient === 'none' || incoming.every((gradient) => gradient === null)) continue;
		const outgoing = node.gradient(incoming, node);
		if (outgoing.length !== node.inputs.length) {
			throw new DinomalyError(
				'GRAPH_SHAPE',
				`${node.opType}: its gradient rule covers ${outgoing.length} of ${node.inputs.length} inputs`,
			);
		}
		node.inputs.forEach((input, slot) => {
			const gradient = outgoing[slot];
			if (!input || !gradient) return;
			if (!sameShape(input.shape, gradient.shape)) {
				throw shapeError(
					node.opType,
					`the gradient of input ${slot} must have the input's shape`,
					input.shape,
					gradient.shape,
				);
			}
			const before = arrived.get(input);
			arrived.set(input, before ? add(before, gradient) : gradient);
		});
	}
	return targets.map((target) => arrived.get(target) ?? null);
}

/** Nodes that depend on a target, in recording order. */
function dependents({ nodes }: Graph, targets: ReadonlySet<Tensor>): Node[] {
	const reaches = new Set<Tensor>(targets);
	const order: Node[] = [];
	for (const node of nodes) {
		if (!node.inputs.some((input) => input !== null && reaches.has(input))) continue;
		order.push(node);
		for (const output of node.outputs) reaches.add(output);
	}
	return order;
}
