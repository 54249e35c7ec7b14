import { DinomalyError } from '../errors';
import { sameShape, shapeError, sizeOf, type Shape } from './shape';

export type DataType = 'float32' | 'float16' | 'uint8' | 'int8' | 'bool' | 'int32' | 'int64';

/** Element storage of constants; float16 is kept as its bit patterns. */
export type TensorData = Float32Array | Uint16Array | Uint8Array | Int8Array | Int32Array | BigInt64Array;

export type Attribute =
	number | string | readonly number[] | { readonly float: number } | { readonly body: Graph };

/** A value in a graph: immutable, with a static shape. */
export interface Tensor {
	readonly graph: Graph;
	readonly id: number;
	readonly dtype: DataType;
	readonly shape: Shape;
	/** The operator that makes it; null for inputs and constants. */
	readonly node: Node | null;
}

/**
 * Gradients of a node's inputs from those of its outputs (null: none arrived, or none flows on).
 * Both lists are in the node's own order.
 */
export type VectorJacobian = (
	outputGradients: readonly (Tensor | null)[],
	node: Node,
) => readonly (Tensor | null)[];

export interface Node {
	readonly opType: string;
	readonly domain: string;
	/** Operands, and behind them what the node's bodies read of the graphs around them. */
	readonly inputs: readonly (Tensor | null)[];
	/** How many of `inputs` are operands. */
	readonly operands: number;
	readonly outputs: readonly Tensor[];
	readonly attributes: Readonly<Record<string, Attribute>>;
	/** 'none': a gradient that arrives here ends here, by intent. */
	readonly gradient: VectorJacobian | 'none';
}

export interface NodeSpec {
	readonly opType: string;
	/** '' is ONNX itself. */
	readonly domain?: string;
	readonly inputs: readonly (Tensor | null)[];
	readonly outputs: readonly { readonly dtype: DataType; readonly shape: Shape }[];
	readonly attributes?: Readonly<Record<string, Attribute>>;
	readonly gradient: VectorJacobian | 'none';
	/** Never merged with an equal node; for nodes whose gradient differs from their twin's. */
	readonly unique?: boolean;
}

export interface Constant {
	readonly tensor: Tensor;
	/** null: named when it is written. */
	readonly name: string | null;
	readonly data: TensorData;
}

export interface GraphOptions {
	/**
	 * Elementwise work in several steps is done in pieces of about this many bytes (see operators/pieces); 0: in one piece, as devices
	 * other than the processor want it.
	 */
	readonly pieceBytes?: number;
	/** The graph that this one is a body in; operators here may read its tensors. */
	readonly parent?: Graph;
}

/** Constants up to this size are merged when they are equal; larger ones only when they are the same array. */
const MERGE_LIMIT = 1024;

/**
 * A recorded computation with static shapes. Operators (see ./operators) append nodes; equal nodes and equal small
 * constants are built once. Knows nothing of what it computes.
 */
export class Graph {
	readonly inputs = new Map<string, Tensor>();
	readonly outputs = new Map<string, Tensor>();
	readonly constants: Constant[] = [];
	readonly nodes: Node[] = [];
	/** Gradients of weights that no later work in pieces waits for yet (see operators/pieces). */
	readonly loose: Tensor[] = [];
	private nextId = 0;
	private readonly knownNodes = new Map<string, Node>();
	private readonly knownConstants = new Map<string, Tensor>();
	private readonly knownArrays = new Map<TensorData, Tensor[]>();
	readonly pieceBytes: number;
	readonly parent: Graph | null;
	/** Tensors of graphs around this one that its nodes read. */
	readonly captured = new Set<Tensor>();

	constructor({ pieceBytes = 0, parent }: GraphOptions = {}) {
		this.pieceBytes = pieceBytes;
		this.parent = parent ?? null;
	}

	/** A value given at run time. */
	input(name: string, dtype: DataType, shape: Shape): Tensor {
		if (this.inputs.has(name))
			throw new DinomalyError('GRAPH_SHAPE', `Graph: input "${name}" is declared twice`);
		const tensor = this.newTensor(dtype, shape, null);
		this.inputs.set(name, tensor);
		return tensor;
	}

	/** A float32 value fixed at build time: `data` in row-major order, which is kept and must not change afterwards. */
	constant(data: Float32Array, shape: Shape, name?: string): Tensor {
		return this.addConstant('float32', data, shape, name);
	}

	/** A float32 scalar; ONNX broadcasts it. */
	scalar(value: number): Tensor {
		return this.addConstant('float32', Float32Array.of(value), []);
	}

	/** An int64 vector, as ONNX wants shapes, axes and indices. */
	integers(values: readonly number[]): Tensor {
		if (!values.every(Number.isSafeInteger)) {
			throw new DinomalyError(
				'GRAPH_SHAPE',
				`Graph: whole numbers are needed, got [${values.join(', ')}]`,
			);
		}
		return this.addConstant('int64', BigInt64Array.from(values, BigInt), [values.length]);
	}

	/** A constant of another graph as one of this: the same array under the same name. */
	adopt({ tensor, name, data }: Constant): Tensor {
		return this.addConstant(tensor.dtype, data, tensor.shape, name ?? undefined);
	}

	output(name: string, tensor: Tensor): void {
		if (tensor.graph !== this)
			throw new DinomalyError('GRAPH_SHAPE', `Graph: output "${name}" belongs to another graph`);
		if (this.outputs.has(name))
			throw new DinomalyError('GRAPH_SHAPE', `Graph: output "${name}" is declared twice`);
		this.outputs.set(name, tensor);
	}

	/**
	 * Appends a node, or returns the outputs of an equal one that is already there. Where an operand belongs to a body within this graph, the
	 * node goes there.
	 */
	emit(spec: NodeSpec): readonly Tensor[] {
		const { domain = '', attributes = {}, unique = false } = spec;
		for (const tensor of spec.inputs)
			if (tensor && tensor.graph !== this && tensor.graph.isWithin(this))
				return tensor.graph.emit(spec);
		const around = bodiesOf(attributes).flatMap(({ captured }) => [...captured]);
		for (const tensor of [...spec.inputs, ...around]) {
			if (!tensor || tensor.graph === this) continue;
			if (!this.isWithin(tensor.graph))
				throw new DinomalyError('GRAPH_SHAPE', `${spec.opType}: operands belong to different graphs`);
			this.captured.add(tensor);
		}
		const key = unique ? null : nodeKey(spec.opType, domain, spec.inputs, attributes);
		const known = key === null ? undefined : this.knownNodes.get(key);
		if (known) return known.outputs;

		const outputs: Tensor[] = [];
		const node: Node = {
			opType: spec.opType,
			domain,
			inputs: [...spec.inputs, ...new Set(around)],
			operands: spec.inputs.length,
			outputs,
			attributes,
			gradient: spec.gradient,
		};
		for (const { dtype, shape } of spec.outputs) outputs.push(this.newTensor(dtype, shape, node));
		this.nodes.push(node);
		if (key !== null) this.knownNodes.set(key, node);
		return outputs;
	}

	/** The nodes that the outputs need, in the order in which they were recorded. */
	liveNodes(): Node[] {
		const live = new Set<Node>();
		const pending = [...this.outputs.values()];
		for (let tensor = pending.pop(); tensor; tensor = pending.pop()) {
			if (!tensor.node || tensor.graph !== this || live.has(tensor.node)) continue;
			live.add(tensor.node);
			for (const input of sourcesOf(tensor.node)) if (input) pending.push(input);
		}
		return this.nodes.filter((node) => live.has(node));
	}

	private isWithin(outer: Graph): boolean {
		for (let graph = this.parent; graph; graph = graph.parent) if (graph === outer) return true;
		return false;
	}

	private addConstant(dtype: DataType, data: TensorData, shape: Shape, name?: string): Tensor {
		if (data.length !== sizeOf(shape)) {
			throw new DinomalyError(
				'GRAPH_SHAPE',
				`Constant${name === undefined ? '' : ` "${name}"`}: ${sizeOf(shape)} elements expected for [${shape.join(', ')}], got ${data.length}`,
			);
		}
		const views = this.knownArrays.get(data) ?? [];
		const same = views.find((tensor) => sameShape(tensor.shape, shape));
		if (same) return same;
		const key =
			name === undefined && data.length <= MERGE_LIMIT
				? `${dtype}[${shape.join()}]${bitsOf(data)}`
				: null;
		const known = key === null ? undefined : this.knownConstants.get(key);
		if (known) return known;

		const tensor = this.newTensor(dtype, shape, null);
		this.constants.push({ tensor, name: name ?? null, data });
		this.knownArrays.set(data, [...views, tensor]);
		if (key !== null) this.knownConstants.set(key, tensor);
		return tensor;
	}

	private newTensor(dtype: DataType, shape: Shape, node: Node | null): Tensor {
		if (shape.some((extent) => !Number.isInteger(extent) || extent < 0)) {
			throw new DinomalyError(
				'GRAPH_SHAPE',
				`Graph: extents must be whole and not negative, got [${shape.join(', ')}]`,
			);
		}
		return { graph: this, id: this.nextId++, dtype, shape, node };
	}
}

/** Operands of most operators must have one element type. */
export function requireSameType(operator: string, a: Tensor, b: Tensor): void {
	if (a.dtype !== b.dtype)
		throw shapeError(
			operator,
			`operands must have one type, not ${a.dtype} and ${b.dtype}`,
			a.shape,
			b.shape,
		);
}

/** The only output of a node that has one. */
export function emitOne(graph: Graph, spec: NodeSpec): Tensor {
	const [output] = graph.emit(spec);
	return output;
}

/** A node's operands; an Identity may record further ones, for its gradient only. */
export function operandsOf(node: Node): readonly (Tensor | null)[] {
	return node.inputs.slice(0, node.opType === 'Identity' ? 1 : node.operands);
}

/** What a node computes from: its operands and what its bodies read of the graphs around them. */
export function sourcesOf(node: Node): readonly (Tensor | null)[] {
	return [...operandsOf(node), ...node.inputs.slice(node.operands)];
}

function bodiesOf(attributes: Readonly<Record<string, Attribute>>): Graph[] {
	return Object.values(attributes).flatMap((value) =>
		typeof value === 'object' && 'body' in value ? [value.body] : [],
	);
}

function nodeKey(
	opType: string,
	domain: string,
	inputs: readonly (Tensor | null)[],
	attributes: Readonly<Record<string, Attribute>>,
): string {
	const operands = inputs.map((input) => input?.id ?? '').join();
	return `${domain}:${opType}(${operands})${JSON.stringify(attributes, exactNumber)}`;
}

/** JSON has no infinities, no NaN and one zero only. */
function exactNumber(_: string, value: unknown): unknown {
	if (typeof value !== 'number' || (Number.isFinite(value) && !Object.is(value, -0))) return value;
	return { number: Object.is(value, -0) ? '-0' : String(value) };
}

function bitsOf(data: TensorData): string {
	return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
}
