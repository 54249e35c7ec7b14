import { DinomalyError } from '../errors';
import type { Constant, Graph, Node, Tensor } from './graph';

/** A tensor's name in the model; every tensor that is written has one. */
export type NameOf = (tensor: Tensor) => string;

/**
 * One name per tensor: the one that the caller gave it as input, constant or output (in this order), or one of our own, which starts with
 * `prefix`: a graph within another must not use its names. `around` knows the names of what it reads of the graphs around it.
 * @throws GRAPH_SHAPE when the caller gave one name to two tensors
 */
export function nameTensors(
	graph: Graph,
	nodes: readonly Node[],
	constants: readonly Constant[],
	{ prefix, around }: { readonly prefix: string; readonly around?: NameOf } = { prefix: '' },
): NameOf {
	const names = new Map<Tensor, string>();
	const owners = new Map<string, Tensor>();
	const claim = (name: string, tensor: Tensor): void => {
		const owner = owners.get(name) ?? tensor;
		if (owner !== tensor) throw nameTaken(name);
		owners.set(name, tensor);
		if (!names.has(tensor)) names.set(tensor, name);
	};
	// Names of our own give way to the caller's.
	const claimFree = (name: string, tensor: Tensor): void => {
		if (names.has(tensor)) return;
		let free = name;
		while (owners.has(free)) free += '_';
		claim(free, tensor);
	};

	for (const [name, tensor] of graph.inputs) claim(name, tensor);
	for (const { name, tensor } of constants) if (name !== null) claim(name, tensor);
	for (const [name, tensor] of graph.outputs) claim(name, tensor);
	for (const { tensor } of constants) claimFree(`${prefix}c${tensor.id}`, tensor);
	for (const { outputs } of nodes)
		for (const tensor of outputs) claimFree(`${prefix}t${tensor.id}`, tensor);

	return (tensor) => {
		if (around && tensor.graph !== graph) return around(tensor);
		const name = names.get(tensor);
		if (name === undefined)
			throw new Error(`${tensor.node?.opType ?? 'A constant'} makes a tensor that is not written`);
		return name;
	};
}

function nameTaken(name: string): DinomalyError {
	return new DinomalyError(
		'GRAPH_SHAPE',
		`Graph: every tensor needs a name of its own, "${name}" is given to two`,
		{
			hint: 'Give the output or the constant another name.',
		},
	);
}
