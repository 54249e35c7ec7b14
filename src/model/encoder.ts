import {
	add,
	concat,
	expand,
	Graph,
	layerNorm,
	linear,
	matmul,
	mul,
	gelu,
	patchProjection,
	reshape,
	scale,
	softmax,
	transpose,
	type Tensor,
} from '../graph';
import type { EncoderWeights } from '../weights/encoderWeights';
import { resamplePositionEmbedding } from '../weights/positionEmbedding';
import { expandRelativePositionBias } from '../weights/relativePosition';
import { meanOf } from './decoder';
import { appendDescriptors } from './descriptors';
import { appendEmbedding } from './embedding';
import { layerGroups } from './layout';

export interface EncoderGraphSpec {
	readonly weights: EncoderWeights;
	/** Side of the square input in pixels; a multiple of the patch. */
	readonly cropSize: number;
	/** Images per batch. */
	readonly images: number;
	/** Blocks whose outputs are grouped, 0-based; later blocks are not built. */
	readonly targetLayers: readonly number[];
	/** Groups that the target layers are averaged into: outputs `feature0`, `feature1`, ... */
	readonly groups: number;
	/**
	 * Write attention out in products and a softmax instead of the runtime's fused operator: the same numbers to rounding, slower, and
	 * right on every provider.
	 */
	readonly plainAttention?: boolean;
	/** Also output `tokens0` and `block<i>`, for comparison with the reference. */
	readonly exposeBlocks?: boolean;
}

/**
 * The frozen encoder: `image` (images, 3, crop, crop), normalised, to the group means of the raw residual stream after
 * the target layers, `feature<k>` (images, tokens, D); tokens are [class, registers, patches in rows]. `embedding`
 * (images, groups * D) says what the images show as a whole.
 * The encoder's final norm is not applied (reference: models/uad.py and the encoders' get_intermediate_layers).
 */
export function buildEncoder(spec: EncoderGraphSpec): Graph {
	const graph = new Graph();
	const image = graph.input('image', 'float32', [spec.images, 3, spec.cropSize, spec.cropSize]);
	const features = appendEncoder(image, spec);
	features.forEach((feature, k) => {
		graph.output(`feature${k}`, feature);
	});
	graph.output('embedding', appendEmbedding(features, 1 + spec.weights.architecture.registers));
	return graph;
}

/** Appends the encoder to normalised images (images, 3, crop, crop) of any graph: the group means, each (images, tokens, D). */
export function appendEncoder(image: Tensor, spec: EncoderGraphSpec): Tensor[] {
	const { weights, images } = spec;
	const { dim, family } = weights.architecture;
	if (family === 'descriptors') return appendDescriptors(image, weights, spec.groups);
	const { graph } = image;
	let rows = embed(image, weights);
	const tokens = rows.shape[0] / images;
	if (spec.exposeBlocks) graph.output('tokens0', reshape(rows, [images, tokens, dim]));

	const taken: Tensor[] = [];
	const last = spec.targetLayers[spec.targetLayers.length - 1];
	for (let block = 0; block <= last; block++) {
		rows = transformerBlock(rows, block, {
			weights,
			images,
			tokens,
			plain: spec.plainAttention === true,
		});
		if (spec.targetLayers.includes(block)) taken.push(rows);
		if (spec.exposeBlocks) graph.output(`block${block}`, reshape(rows, [images, tokens, dim]));
	}
	return layerGroups(spec.groups).map((layers) =>
		reshape(meanOf(layers.map((layer) => taken[layer])), [images, tokens, dim]),
	);
}

/** Patch projection, class token, position embedding, then registers, which have no position: rows (images * tokens, D). */
function embed(image: Tensor, weights: EncoderWeights): Tensor {
	const { graph } = image;
	const [images, , side] = image.shape;
	const { dim, patch, registers, gridSide } = weights.architecture;
	const grid = side / patch;
	const projected = patchProjection(
		image,
		parameter(graph, weights, 'patch_embed.proj.weight'),
		parameter(graph, weights, 'patch_embed.proj.bias'),
	);
	const patches = transpose(reshape(projected, [images, dim, grid * grid]), [0, 2, 1]);
	const position = resamplePositionEmbedding(
		weights.get('pos_embed'),
		gridSide,
		{ rows: grid, columns: grid },
		dim,
	);
	const classToken = weights.get('cls_token').map((value, i) => value + position[i]);
	const prefix = registers === 0 ? classToken : concatenate(classToken, weights.get('register_tokens'));
	const placed = add(patches, graph.constant(position.slice(dim), [grid * grid, dim]));
	const first = expand(graph.constant(prefix, [1, 1 + registers, dim]), [images, 1 + registers, dim]);
	return reshape(concat([first, placed], 1), [images * (1 + registers + grid * grid), dim]);
}

interface BlockContext {
	readonly weights: EncoderWeights;
	readonly images: number;
	readonly tokens: number;
	/** Whether attention is written out. */
	readonly plain: boolean;
}

/** x += gamma1 Attention(LN(x)); x += gamma2 MLP(LN(x)). */
function transformerBlock(x: Tensor, block: number, context: BlockContext): Tensor {
	const { weights } = context;
	const at = (name: string): Tensor => parameter(x.graph, weights, `blocks.${block}.${name}`);
	const { lnEps, layerScale } = weights.architecture;
	const scaled = (branch: Tensor, name: string): Tensor =>
		layerScale ? mul(branch, at(`${name}.gamma`)) : branch;
	const attended = attention(layerNorm(x, at('norm1.weight'), at('norm1.bias'), lnEps), block, context);
	const after = add(x, scaled(linear(attended, at('attn.proj.weight'), at('attn.proj.bias')), 'ls1'));
	const hidden = gelu(
		linear(
			layerNorm(after, at('norm2.weight'), at('norm2.bias'), lnEps),
			at('mlp.fc1.weight'),
			at('mlp.fc1.bias'),
		),
	);
	return add(after, scaled(linear(hidden, at('mlp.fc2.weight'), at('mlp.fc2.bias')), 'ls2'));
}

function attention(x: Tensor, block: number, context: BlockContext): Tensor {
	const { graph } = x;
	const { weights, images, tokens, plain } = context;
	const { dim, heads } = weights.architecture;
	const weight = weights.get(`blocks.${block}.attn.qkv.weight`);
	const bias = weights.get(`blocks.${block}.attn.qkv.bias`);
	const part = (i: number): Tensor => {
		const rows = linear(
			x,
			graph.constant(weight.slice(i * dim * dim, (i + 1) * dim * dim), [dim, dim]),
			graph.constant(bias.slice(i * dim, (i + 1) * dim), [dim]),
		);
		return reshape(rows, [images, tokens, dim]);
	};
	const positions = relativeBias(graph, block, weights, tokens);
	if (plain) return plainAttention([part(0), part(1), part(2)], heads, positions.at(0));
	const [attended] = graph.emit({
		opType: 'MultiHeadAttention',
		domain: 'com.microsoft',
		inputs: [part(0), part(1), part(2), null, null, ...positions],
		outputs: [{ dtype: 'float32', shape: [images, tokens, dim] }],
		attributes: { num_heads: heads },
		gradient: 'none',
	});
	return reshape(attended, [images * tokens, dim]);
}

/**
 * softmax(Q K^T / sqrt(d) + bias) V for each head.
 * @param parts query, key and value, each (images, tokens, D)
 * @param bias (1, heads, tokens, tokens)
 * @returns (images * tokens, D)
 */
function plainAttention([q, k, v]: readonly Tensor[], heads: number, bias: Tensor | undefined): Tensor {
	const [images, tokens, dim] = q.shape;
	const byHead = (x: Tensor, order: readonly number[]): Tensor =>
		transpose(reshape(x, [images, tokens, heads, dim / heads]), order);
	const products = scale(
		matmul(byHead(q, [0, 2, 1, 3]), byHead(k, [0, 2, 3, 1])),
		1 / Math.sqrt(dim / heads),
	);
	const shares = softmax(bias === undefined ? products : add(products, bias));
	const attended = matmul(shares, byHead(v, [0, 2, 1, 3]));
	return reshape(transpose(attended, [0, 2, 1, 3]), [images * tokens, dim]);
}

/** BEiT adds a learned bias by relative position to the attention logits; other encoders have none. */
function relativeBias(graph: Graph, block: number, weights: EncoderWeights, tokens: number): Tensor[] {
	const { family, gridSide, heads } = weights.architecture;
	if (family !== 'beit') return [];
	const table = weights.get(`blocks.${block}.attn.relative_position_bias_table`);
	return [graph.constant(expandRelativePositionBias(table, gridSide, heads), [1, heads, tokens, tokens])];
}

function parameter(graph: Graph, weights: EncoderWeights, name: string): Tensor {
	return graph.constant(weights.get(name), weights.shape(name), name);
}

function concatenate(a: Float32Array, b: Float32Array): Float32Array {
	const both = new Float32Array(a.length + b.length);
	both.set(a);
	both.set(b, a.length);
	return both;
}
