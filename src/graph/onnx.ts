import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { DinomalyError } from '../errors';
import {
	operandsOf,
	sourcesOf,
	type Attribute,
	type Constant,
	type DataType,
	type Graph,
	type Node,
	type Tensor,
	type TensorData,
} from './graph';
import { nameTensors, type NameOf } from './names';
import type { Shape } from './shape';

/** ONNX operator set: the first with Gelu. */
const OPSET = 20;
/** File format version that goes with it. */
const IR_VERSION = 9;
/** Microsoft's contributed operators, in every ONNX Runtime. */
const CONTRIB_DOMAIN = 'com.microsoft';
/** A protobuf message cannot be larger; kept below it for readers that are stricter. */
const MAX_MODEL_BYTES = 1_900_000_000;

/** Element types as onnx.proto numbers them. */
const ELEMENT_TYPES: Readonly<Record<DataType, number>> = {
	float32: 1,
	uint8: 2,
	int8: 3,
	int32: 6,
	int64: 7,
	bool: 9,
	float16: 10,
};

/** onnx.proto's AttributeProto.AttributeType. */
const ATTRIBUTE = { float: 1, int: 2, string: 3, graph: 5, ints: 7 } as const;

/** Where a constant's bytes lie when they are not in the model itself. */
export interface ExternalLocation {
	/** File name beside the model. */
	readonly location: string;
	readonly offset: number;
}

/** A constant and where its bytes lie; null: in the model. */
interface PlacedConstant {
	readonly tensor: Tensor;
	readonly data: TensorData;
	readonly name: string;
	readonly external: ExternalLocation | null;
}

export interface SerialiseOptions {
	readonly producerVersion?: string;
	readonly metadata?: Readonly<Record<string, string>>;
	/**
	 * Says where a float constant's bytes were put; null keeps them inside. Integers are never offered: ONNX Runtime
	 * reads shapes and axes while it loads the model, and refuses to look for them elsewhere.
	 */
	readonly externalise?: (name: string, bytes: Uint8Array) => ExternalLocation | null;
	/** A first output of this name: a sequence of the first of the graph's own outputs, which is no tensor (see runtime/inPlace.ts). */
	readonly sequenceOutput?: string;
}

/**
 * The graph as an ONNX model (opset 20). Only nodes and constants that the outputs need are written.
 * @throws GRAPH_SHAPE when the constants left inside would pass the protobuf limit of 2 GB, or two tensors share a name
 */
export function serialise(graph: Graph, options: SerialiseOptions = {}): Uint8Array {
	const nodes = graph.liveNodes();
	const used = usedConstants(graph, nodes);
	const nameOf = nameTensors(graph, nodes, used);
	const placed = used.map((constant) => placeConstant(constant, nameOf(constant.tensor), options));
	const payload = placed.reduce((sum, { data, external }) => sum + (external ? 0 : data.byteLength), 0);
	if (payload > MAX_MODEL_BYTES) {
		throw new DinomalyError(
			'GRAPH_SHAPE',
			`An ONNX model holds at most ${MAX_MODEL_BYTES} bytes, these weights are ${payload}`,
			{
				hint: 'Keep the weights in external data.',
			},
		);
	}

	const writer = new BinaryWriter();
	writer.uint32(tag(1, 0)).int64(IR_VERSION);
	writer.uint32(tag(2, 2)).string('n8n-nodes-dinomaly');
	if (options.producerVersion !== undefined) writer.uint32(tag(3, 2)).string(options.producerVersion);
	message(writer, 7, () => {
		writeGraph(writer, {
			graph,
			nodes,
			placed,
			nameOf,
			name: 'dinomaly',
			prefix: '',
			sequenceOutput: options.sequenceOutput,
		});
	});
	for (const [domain, version] of [
		['', OPSET],
		[CONTRIB_DOMAIN, 1],
	] as const) {
		message(writer, 8, () => {
			writer.uint32(tag(1, 2)).string(domain).uint32(tag(2, 0)).int64(version);
		});
	}
	for (const [key, value] of Object.entries(options.metadata ?? {})) {
		message(writer, 14, () => {
			writer.uint32(tag(1, 2)).string(key).uint32(tag(2, 2)).string(value);
		});
	}
	return writer.finish();
}

interface WrittenGraph {
	readonly graph: Graph;
	readonly nodes: readonly Node[];
	readonly placed: readonly PlacedConstant[];
	readonly nameOf: NameOf;
	readonly name: string;
	/** Begins the names of its bodies' own tensors. */
	readonly prefix: string;
	readonly sequenceOutput?: string;
}

function writeGraph(writer: BinaryWriter, written: WrittenGraph): void {
	const { graph, nodes, placed, nameOf, name, sequenceOutput } = written;
	for (const node of nodes)
		message(writer, 1, () => {
			writeNode(writer, node, written);
		});
	for (const [output, tensor] of graph.outputs) {
		if (nameOf(tensor) !== output)
			message(writer, 1, () => {
				writeOperator(writer, 'Identity', nameOf(tensor), output);
			});
	}
	const [first] = graph.outputs.values();
	if (sequenceOutput !== undefined)
		message(writer, 1, () => {
			writeOperator(writer, 'SequenceConstruct', nameOf(first), sequenceOutput);
		});
	writer.uint32(tag(2, 2)).string(name);
	for (const constant of placed)
		message(writer, 5, () => {
			writeConstant(writer, constant);
		});
	for (const [input, tensor] of graph.inputs)
		message(writer, 11, () => {
			writeValueInfo(writer, input, tensor);
		});
	if (sequenceOutput !== undefined)
		message(writer, 12, () => {
			writeSequenceInfo(writer, sequenceOutput, first.dtype);
		});
	for (const [output, tensor] of graph.outputs)
		message(writer, 12, () => {
			writeValueInfo(writer, output, tensor);
		});
}

/** A graph within a node of another; `name` is the node's, and begins all names of its own. */
function writeBody(
	writer: BinaryWriter,
	graph: Graph,
	{ name, outer }: { readonly name: string; readonly outer: WrittenGraph },
): void {
	const nodes = graph.liveNodes();
	const used = usedConstants(graph, nodes);
	const prefix = `${outer.prefix}${name}.`;
	const nameOf = nameTensors(graph, nodes, used, { prefix, around: outer.nameOf });
	const placed = used.map((constant) => placeConstant(constant, nameOf(constant.tensor), {}));
	writeGraph(writer, { graph, nodes, placed, nameOf, name, prefix });
}

function placeConstant(constant: Constant, name: string, { externalise }: SerialiseOptions): PlacedConstant {
	const { tensor, data } = constant;
	const external = tensor.dtype === 'int64' ? null : (externalise?.(name, bytesOf(data)) ?? null);
	return { tensor, data, name, external };
}

function usedConstants(graph: Graph, nodes: readonly Node[]): Constant[] {
	const used = new Set<Tensor>(graph.outputs.values());
	for (const node of nodes) for (const input of sourcesOf(node)) if (input) used.add(input);
	return graph.constants.filter(({ tensor }) => used.has(tensor));
}

function writeNode(writer: BinaryWriter, node: Node, written: WrittenGraph): void {
	const { nameOf } = written;
	for (const input of operandsOf(node)) writer.uint32(tag(1, 2)).string(input ? nameOf(input) : '');
	for (const output of node.outputs) writer.uint32(tag(2, 2)).string(nameOf(output));
	const nodeName = `${node.opType}_${node.outputs[0].id}`;
	writer.uint32(tag(3, 2)).string(nodeName);
	writer.uint32(tag(4, 2)).string(node.opType);
	for (const [name, value] of Object.entries(node.attributes))
		message(writer, 5, () => {
			writeAttribute(writer, { name, value, nodeName, written });
		});
	if (node.domain !== '') writer.uint32(tag(7, 2)).string(node.domain);
}

/** An operator of one input and one output, without attributes. */
function writeOperator(writer: BinaryWriter, opType: string, from: string, to: string): void {
	writer.uint32(tag(1, 2)).string(from).uint32(tag(2, 2)).string(to).uint32(tag(4, 2)).string(opType);
}

function writeAttribute(
	writer: BinaryWriter,
	{
		name,
		value,
		nodeName,
		written,
	}: {
		readonly name: string;
		readonly value: Attribute;
		readonly nodeName: string;
		readonly written: WrittenGraph;
	},
): void {
	writer.uint32(tag(1, 2)).string(name);
	let type: number;
	if (typeof value === 'string') {
		writer.uint32(tag(4, 2)).string(value);
		type = ATTRIBUTE.string;
	} else if (typeof value === 'number') {
		writer.uint32(tag(3, 0)).int64(value);
		type = ATTRIBUTE.int;
	} else if ('float' in value) {
		writer.uint32(tag(2, 5)).float(value.float);
		type = ATTRIBUTE.float;
	} else if ('body' in value) {
		message(writer, 6, () => {
			writeBody(writer, value.body, { name: nodeName, outer: written });
		});
		type = ATTRIBUTE.graph;
	} else {
		for (const item of value) writer.uint32(tag(8, 0)).int64(item);
		type = ATTRIBUTE.ints;
	}
	writer.uint32(tag(20, 0)).int32(type);
}

function writeConstant(writer: BinaryWriter, { tensor, name, data, external }: PlacedConstant): void {
	for (const extent of tensor.shape) writer.uint32(tag(1, 0)).int64(extent);
	writer.uint32(tag(2, 0)).int32(ELEMENT_TYPES[tensor.dtype]);
	writer.uint32(tag(8, 2)).string(name);
	const bytes = bytesOf(data);
	if (!external) {
		writer.uint32(tag(9, 2)).bytes(bytes);
		return;
	}
	const entries = {
		location: external.location,
		offset: String(external.offset),
		length: String(bytes.byteLength),
	};
	for (const [key, value] of Object.entries(entries)) {
		message(writer, 13, () => {
			writer.uint32(tag(1, 2)).string(key).uint32(tag(2, 2)).string(value);
		});
	}
	writer.uint32(tag(14, 0)).int32(1);
}

/** A sequence of tensors of any shape. */
function writeSequenceInfo(writer: BinaryWriter, name: string, dtype: DataType): void {
	writer.uint32(tag(1, 2)).string(name);
	message(writer, 2, () => {
		message(writer, 4, () => {
			message(writer, 1, () => {
				message(writer, 1, () => {
					writer.uint32(tag(1, 0)).int32(ELEMENT_TYPES[dtype]);
				});
			});
		});
	});
}

function writeValueInfo(writer: BinaryWriter, name: string, tensor: { dtype: DataType; shape: Shape }): void {
	writer.uint32(tag(1, 2)).string(name);
	message(writer, 2, () => {
		message(writer, 1, () => {
			writer.uint32(tag(1, 0)).int32(ELEMENT_TYPES[tensor.dtype]);
			message(writer, 2, () => {
				for (const extent of tensor.shape)
					message(writer, 1, () => {
						writer.uint32(tag(1, 0)).int64(extent);
					});
			});
		});
	});
}

function message(writer: BinaryWriter, field: number, write: () => void): void {
	writer.uint32(tag(field, 2)).fork();
	write();
	writer.join();
}

/** Protobuf key of a field: its number and wire type (0 varint, 2 length-delimited, 5 four bytes). */
function tag(field: number, wireType: 0 | 2 | 5): number {
	return ((field << 3) | wireType) >>> 0;
}

function bytesOf(data: TensorData): Uint8Array {
	return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
