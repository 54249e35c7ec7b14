import { pullBack } from '../gradient';
import {
	emitOne,
	Graph,
	operandsOf,
	sourcesOf,
	type Constant,
	type DataType,
	type Node,
	type Tensor,
} from '../graph';
import type { Shape } from '../shape';
import { changes } from '../varying';
import { add, scale } from './elementwise';
import { behindViews, firstOf, isView, reshape, transpose } from './layout';
import { expand } from './reduce';

/** What work on one chunk reads and gives, and the same on its way back. */
interface Bodies {
	readonly forward: Graph;
	readonly backward: Graph;
	/** Values of the forward pass that the backward pass reads. */
	readonly saved: readonly Tensor[];
	/** Positions of the operands that the backward pass reads. */
	readonly reread: readonly number[];
	readonly sums: readonly ChunkSum[];
	readonly results: readonly Tensor[];
}

/** A gradient that is summed over chunks, as the product that makes it; `views` lead from there to the shape of what it is a gradient of. */
interface ChunkSum {
	readonly of: Tensor;
	/** The sum before a chunk. */
	readonly start: Tensor;
	/** What one chunk adds. */
	readonly part: Tensor;
	/** The sum after it. */
	readonly total: Tensor;
	/** Whether the total is a product with the start as its addend. */
	readonly isProduct: boolean;
	readonly views: readonly Node[];
}

/**
 * `work` on one chunk of float32 operands after the other (ONNX Scan), where a chunk is an index of their first axis: `work` gets the operands
 * without that axis, and its results get it. It may read tensors of this graph, such as weights, and gradients flow to these, summed over
 * chunks; none flows to the operands. On a processor what comes and goes within a chunk stays in the cache, forward and backward, which
 * going through all of a batch operator by operator would send to memory and back. What the backward pass reads of the forward pass is kept.
 */
export function inChunks(
	operands: readonly Tensor[],
	work: (...chunk: Tensor[]) => readonly Tensor[],
): readonly Tensor[] {
	const [{ graph, shape }] = operands;
	const [count] = shape;
	const name = `chunk${graph.nodes.length}`;
	const bodies = buildBodies(operands, work, name);
	const outputs = graph.emit({
		opType: 'Scan',
		inputs: operands,
		outputs: [...bodies.results, ...bodies.saved].map((tensor) => stacked(tensor, count)),
		attributes: { body: { body: bodies.forward }, num_scan_inputs: operands.length },
		gradient: (arrived, node) => {
			const slopes = sumsOverChunks(bodies, { arrived, node, count });
			return node.inputs.map((input) => (input && slopes.get(input)) ?? null);
		},
		unique: true,
	});
	return outputs.slice(0, bodies.results.length);
}

function buildBodies(
	operands: readonly Tensor[],
	work: (...chunk: Tensor[]) => readonly Tensor[],
	name: string,
): Bodies {
	const { graph } = operands[0];
	const whole = new Graph({ pieceBytes: graph.pieceBytes, parent: graph });
	const inputs = operands.map(({ dtype, shape }, i) => whole.input(`${name}.${i}`, dtype, shape.slice(1)));
	const results = work(...inputs);
	const before = new Set(whole.nodes);
	const weights = [...whole.captured].filter(changes);
	const seeds = results.map(({ dtype, shape }, i) => whole.input(`${name}.seed${i}`, dtype, shape));
	const slopes = pullBack(results, seeds, weights);
	const sums = weights.flatMap((of, i): ChunkSum[] => {
		const slope = slopes[i];
		return slope === null ? [] : [sumOf(of, slope, `${name}.sum${i}`)];
	});

	const saved = new Set<Tensor>();
	const given = new Set<Tensor>();
	const backwardNodes = nodesBehind(
		whole,
		sums.map(({ total }) => total),
		(tensor) => {
			if (tensor.node === null) given.add(tensor);
			else if (before.has(tensor.node) && !isFree(tensor.node)) saved.add(tensor);
			else return true;
			return false;
		},
	);
	const reread = [...inputs.keys()].filter((i) => given.has(inputs[i]));
	const kept = [...results, ...saved];
	const totals = sums.map(({ total }) => total);
	return {
		forward: bodyOf(whole, name, {
			inputs,
			nodes: nodesBehind(whole, kept, () => true),
			outputs: kept,
		}),
		backward: bodyOf(whole, `${name}.back`, {
			inputs: [...sums.map(({ start }) => start), ...saved, ...reread.map((i) => inputs[i]), ...seeds],
			nodes: backwardNodes,
			sums,
			outputs: totals,
		}),
		saved: [...saved],
		reread,
		sums,
		results,
	};
}

interface BodyParts {
	readonly inputs: readonly Tensor[];
	readonly nodes: ReadonlySet<Node>;
	readonly sums?: readonly ChunkSum[];
	readonly outputs: readonly Tensor[];
}

function bodyOf(whole: Graph, name: string, { inputs, nodes, sums, outputs }: BodyParts): Graph {
	const copy = new Copy(whole);
	copy.declareAll(inputs, name);
	copy.fill(nodes, sums);
	copy.giveAll(outputs, `${name}.out`);
	return copy.graph;
}

/** The sum over chunks of what arrives at `of`: one chunk's part is added by the product that makes it, where there is one. */
function sumOf(of: Tensor, slope: Tensor, name: string): ChunkSum {
	const { graph } = slope;
	const { base: part, views } = behindViews(slope);
	const start = graph.input(name, part.dtype, part.shape);
	const isProduct =
		part.node?.opType === 'Gemm' &&
		part.node.inputs.length === 2 &&
		graph.nodes.every((node) => !node.inputs.includes(part) || isView(node));
	const total = isProduct
		? emitOne(graph, { ...part.node, inputs: [...part.node.inputs, start], gradient: 'none' })
		: add(start, part);
	return { of, start, part, total, isProduct, views };
}

/** The nodes that make tensors, back to those that `isMade` does not want made. */
function nodesBehind(
	graph: Graph,
	tensors: readonly Tensor[],
	isMade: (tensor: Tensor) => boolean,
): ReadonlySet<Node> {
	const nodes = new Set<Node>();
	const pending = [...tensors];
	for (let tensor = pending.pop(); tensor; tensor = pending.pop()) {
		if (tensor.graph !== graph || !isMade(tensor) || tensor.node === null || nodes.has(tensor.node))
			continue;
		nodes.add(tensor.node);
		for (const source of sourcesOf(tensor.node)) if (source) pending.push(source);
	}
	return nodes;
}

function sumsOverChunks(
	{ backward, saved, reread, sums, results }: Bodies,
	run: { readonly arrived: readonly (Tensor | null)[]; readonly node: Node; readonly count: number },
): Map<Tensor, Tensor> {
	const { arrived, node, count } = run;
	const [{ graph }] = node.outputs;
	const zero = scale(firstOf(node.outputs[0]), 0);
	const filled = (shape: Shape): Tensor =>
		expand(
			reshape(
				zero,
				shape.map(() => 1),
			),
			shape,
		);
	const seeds = results.map(({ shape }, i) => arrived[i] ?? filled([count, ...shape]));
	const scanned = [
		...saved.map((_, i) => node.outputs[results.length + i]),
		...reread.map((i) => node.inputs[i]),
		...seeds,
	];
	const totals = graph.emit({
		opType: 'Scan',
		inputs: [...sums.map(({ total }) => filled(total.shape)), ...scanned],
		outputs: sums.map(({ total }) => total),
		attributes: { body: { body: backward }, num_scan_inputs: scanned.length },
		gradient: 'none',
		unique: true,
	});
	return new Map(
		sums.map(({ of, views }, i) => [
			of,
			views.reduce(
				(tensor, view) =>
					view.opType === 'Transpose'
						? transpose(tensor, view.attributes.perm as readonly number[])
						: reshape(tensor, view.outputs[0].shape),
				totals[i],
			),
		]),
	);
}

/** Part of a body as a body of its own, in the same graph. */
class Copy {
	readonly graph: Graph;
	private readonly copies = new Map<Tensor, Tensor>();
	private readonly constants: ReadonlyMap<Tensor, Constant>;

	constructor(private readonly source: Graph) {
		this.graph = new Graph({ parent: source.parent ?? undefined });
		this.constants = new Map(source.constants.map((constant) => [constant.tensor, constant]));
	}

	declareAll(tensors: readonly Tensor[], name: string): void {
		for (const [i, tensor] of tensors.entries())
			this.copies.set(tensor, this.graph.input(`${name}.${i}`, tensor.dtype, tensor.shape));
	}

	/** Copies nodes in recording order. A product that a sum goes on with becomes that sum at once, so that what waits for it waits for the sum. */
	fill(nodes: ReadonlySet<Node>, sums: readonly ChunkSum[] = []): void {
		const goesOn = new Map(
			sums.flatMap(({ part, total, isProduct }) =>
				isProduct && part.node ? [[part.node, total] as const] : [],
			),
		);
		for (const node of this.source.nodes) {
			if (!nodes.has(node) || this.copies.has(node.outputs[0])) continue;
			const total = goesOn.get(node);
			const made = total?.node ?? node;
			const outputs = this.graph.emit({
				...made,
				inputs: operandsOf(made).map((operand) => operand && this.copyOf(operand)),
				gradient: 'none',
				unique: true,
			});
			for (const [i, output] of outputs.entries()) this.copies.set(made.outputs[i], output);
			if (total) this.copies.set(node.outputs[0], outputs[0]);
		}
	}

	giveAll(tensors: readonly Tensor[], name: string): void {
		for (const [i, tensor] of tensors.entries()) this.graph.output(`${name}${i}`, this.copyOf(tensor));
	}

	private copyOf(tensor: Tensor): Tensor {
		if (tensor.graph !== this.source) return tensor;
		const known = this.copies.get(tensor);
		if (known) return known;
		const constant = this.constants.get(tensor);
		if (!constant) throw new Error('A chunk reads a tensor that it does not make');
		return this.graph.adopt(constant);
	}
}

/** Whether it costs nothing to make a node's output again. */
function isFree(node: Node): boolean {
	return isView(node) || node.opType === 'Identity';
}

function stacked({ dtype, shape }: Tensor, count: number): { dtype: DataType; shape: Shape } {
	return { dtype, shape: [count, ...shape] };
}
