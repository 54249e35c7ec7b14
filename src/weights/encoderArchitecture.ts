import { DinomalyError } from '../errors';
import { relativeGridSide } from './relativePosition';

/** What sets an encoder's computation apart; everything else is the same for all (pre-norm ViT, exact GELU). */
export interface EncoderArchitecture {
	/**
	 * `dinov2`: registers or LayerScale; `vit`: DINO, DeiT, MAE and the like; `beit`: relative positions in every attention; `descriptors`:
	 * no transformer, features made by hand.
	 */
	readonly family: 'dinov2' | 'vit' | 'beit' | 'descriptors';
	/** Side of a patch in pixels. */
	readonly patch: number;
	/** Width of a token. */
	readonly dim: number;
	readonly heads: number;
	/** Transformer blocks in the file. */
	readonly depth: number;
	/** Register tokens between cls and the patches. */
	readonly registers: number;
	/** Whether each residual branch is scaled by a learned vector. */
	readonly layerScale: boolean;
	/** Side of the stored position grid in patches. */
	readonly gridSide: number;
	readonly lnEps: number;
	/** Hidden width of the MLP over the token width. */
	readonly mlpRatio: number;
}

export type Shape = readonly number[];
/** Shapes of the recognised parameters by canonical name. */
export type Shapes = ReadonlyMap<string, Shape>;

/** An encoder's parameters under canonical names, whoever wrote the file. */
export interface EncoderWeights {
	/** What messages call the file. */
	readonly source: string;
	readonly architecture: EncoderArchitecture;
	/** Canonical names in the order of computation: tokens and patch embedding first, then block by block. */
	readonly names: readonly string[];
	/** Throws ENCODER_INVALID for a name that this encoder does not have. */
	shape(name: string): Shape;
	/**
	 * A fresh float32 copy, row-major, in PyTorch's layout (linear: out x in; qkv: q, k and v rows, each split into heads). `pos_embed`
	 * always has a cls row, zero where the checkpoint adds no position to cls. Throws ENCODER_INVALID for an unknown name.
	 */
	get(name: string): Float32Array;
}

export interface ArchitectureHints {
	/** What messages call the file. */
	readonly source: string;
	/** Attention heads, which no shape tells. */
	readonly heads?: number;
}

/** In every encoder of the reference code, whatever a checkpoint's own configuration says. */
const LN_EPS = 1e-6;
/** Width of an attention head in ViT-Tiny, -Small, -Base and -Large alike. */
const HEAD_WIDTH = 64;
/** Patch side of all DINOv2 models. */
const DINOV2_PATCH = 14;
/** Missing names that a message lists before it only counts. */
const MAX_LISTED = 3;

/** Reads the architecture off names and shapes and checks that every parameter it needs is there; throws ENCODER_INVALID. */
export function recogniseArchitecture(
	shapes: Shapes,
	{ source, heads }: ArchitectureHints,
): EncoderArchitecture {
	const { dim, patch } = readPatchEmbedding(shapes, source);
	const depth = countBlocks(shapes, source);
	const hidden = readHiddenWidth(shapes, source);
	const registers = shapes.get('register_tokens')?.[1] ?? 0;
	const layerScale = shapes.has('blocks.0.ls1.gamma');
	const relativeTable =
		shapes.get('blocks.0.attn.relative_position_bias_table') ??
		shapes.get('relative_position_bias_table');
	const architecture: EncoderArchitecture = {
		family: chooseFamily({ relative: relativeTable !== undefined, registers, layerScale, patch }),
		patch,
		dim,
		heads: chooseHeads(dim, heads ?? relativeTable?.[1], source),
		depth,
		registers,
		layerScale,
		gridSide: readGridSide(shapes.get('pos_embed'), relativeTable, source),
		lnEps: LN_EPS,
		mlpRatio: hidden / dim,
	};
	checkShapes(shapes, architecture, source);
	return architecture;
}

/** Every canonical parameter of an architecture with its shape; `pos_embed` has its cls row, and BEiT one table for each block. */
export function canonicalShapes(architecture: EncoderArchitecture): Map<string, Shape> {
	const { dim, patch, registers, gridSide, depth } = architecture;
	const shapes = new Map<string, Shape>([
		['cls_token', [1, 1, dim]],
		['pos_embed', [1, 1 + gridSide * gridSide, dim]],
		['patch_embed.proj.weight', [dim, 3, patch, patch]],
		['patch_embed.proj.bias', [dim]],
	]);
	if (registers > 0) shapes.set('register_tokens', [1, registers, dim]);
	for (let block = 0; block < depth; block++) {
		for (const [name, shape] of blockShapes(architecture)) shapes.set(`blocks.${block}.${name}`, shape);
	}
	return shapes;
}

function blockShapes({
	dim,
	mlpRatio,
	layerScale,
	family,
	gridSide,
	heads,
}: EncoderArchitecture): [string, Shape][] {
	const hidden = dim * mlpRatio;
	const shapes: [string, Shape][] = [
		['norm1.weight', [dim]],
		['norm1.bias', [dim]],
		['attn.qkv.weight', [3 * dim, dim]],
		['attn.qkv.bias', [3 * dim]],
		['attn.proj.weight', [dim, dim]],
		['attn.proj.bias', [dim]],
		['norm2.weight', [dim]],
		['norm2.bias', [dim]],
		['mlp.fc1.weight', [hidden, dim]],
		['mlp.fc1.bias', [hidden]],
		['mlp.fc2.weight', [dim, hidden]],
		['mlp.fc2.bias', [dim]],
	];
	if (layerScale) shapes.push(['ls1.gamma', [dim]], ['ls2.gamma', [dim]]);
	if (family === 'beit')
		shapes.push(['attn.relative_position_bias_table', [(2 * gridSide - 1) ** 2 + 3, heads]]);
	return shapes;
}

function readPatchEmbedding(shapes: Shapes, source: string): { dim: number; patch: number } {
	const shape = shapes.get('patch_embed.proj.weight');
	if (!shapes.has('cls_token') || shape === undefined) {
		const missing = shape === undefined ? 'patch_embed.proj.weight' : 'cls_token';
		throw invalid(`Expected a vision transformer with a class token in ${source}, found no ${missing}`);
	}
	const [dim, channels, height, width] = shape;
	if (shape.length !== 4 || channels !== 3 || height !== width || height === 0 || dim === 0) {
		throw invalid(
			`Expected patch_embed.proj.weight of ${source} to be (width, 3, patch, patch), found ${format(shape)}`,
		);
	}
	return { dim, patch: height };
}

function countBlocks(shapes: Shapes, source: string): number {
	const blocks = new Set<number>();
	for (const name of shapes.keys()) {
		const match = /^blocks\.(\d+)\./.exec(name);
		if (match !== null) blocks.add(Number(match[1]));
	}
	if (blocks.size === 0) throw invalid(`Expected transformer blocks in ${source}, found none`);
	for (let block = 0; block < blocks.size; block++) {
		if (!blocks.has(block))
			throw invalid(
				`Expected blocks numbered from 0 without gaps in ${source}, found no block ${block}`,
			);
	}
	return blocks.size;
}

function readHiddenWidth(shapes: Shapes, source: string): number {
	const hidden = shapes.get('blocks.0.mlp.fc1.weight')?.[0] ?? 0;
	const back = shapes.get('blocks.0.mlp.fc2.weight')?.[1] ?? 0;
	if (hidden > 0 && hidden === 2 * back)
		throw gatedMlp(source, `fc1 gives ${hidden} values and fc2 takes ${back}`);
	return hidden;
}

/** Error for the SwiGLU MLPs of the giant DINOv2 models. */
export function gatedMlp(source: string, found: string): DinomalyError {
	return invalid(`Expected plain two-layer MLPs in ${source}, found gated ones (SwiGLU: ${found})`);
}

function readGridSide(posEmbed: Shape | undefined, relativeTable: Shape | undefined, source: string): number {
	const relativeSide = relativeTable && relativeGridSide(relativeTable[0]);
	if (posEmbed === undefined) {
		if (relativeSide !== undefined) return relativeSide;
		const found =
			relativeTable === undefined
				? 'none'
				: `a relative position table of shape ${format(relativeTable)}`;
		throw invalid(
			`Expected a position embedding (pos_embed) for a square grid in ${source}, found ${found}`,
		);
	}
	const rows = posEmbed[1] ?? 0;
	const side = [Math.sqrt(rows - 1), Math.sqrt(rows)].find((root) => Number.isInteger(root) && root > 0);
	if (side === undefined) {
		throw invalid(
			`Expected pos_embed of ${source} to have n * n or 1 + n * n rows, found ${format(posEmbed)}`,
		);
	}
	return side;
}

function chooseHeads(dim: number, hint: number | undefined, source: string): number {
	const heads = hint ?? dim / HEAD_WIDTH;
	if (Number.isInteger(heads) && heads > 0 && dim % heads === 0) return heads;
	if (hint === undefined) {
		throw invalid(
			`Expected a width that is a multiple of ${HEAD_WIDTH} in ${source}, found ${dim} and no number of heads`,
			'Write the number of attention heads into the file, as "heads" in its metadata.',
		);
	}
	throw invalid(`Expected a number of heads that divides the width ${dim} of ${source}, found ${hint}`);
}

interface FamilyTraits {
	readonly relative: boolean;
	readonly registers: number;
	readonly layerScale: boolean;
	readonly patch: number;
}

function chooseFamily({
	relative,
	registers,
	layerScale,
	patch,
}: FamilyTraits): Exclude<EncoderArchitecture['family'], 'descriptors'> {
	if (relative) return 'beit';
	return registers > 0 || (layerScale && patch === DINOV2_PATCH) ? 'dinov2' : 'vit';
}

function checkShapes(shapes: Shapes, architecture: EncoderArchitecture, source: string): void {
	const missing: string[] = [];
	for (const [name, expected] of canonicalShapes(architecture)) {
		const found = storedShape(name, shapes, architecture);
		if (found === undefined) missing.push(name);
		else if (!isSame(found, expected)) {
			throw invalid(
				`Expected ${name} of ${source} to have shape ${format(expected)}, found ${format(found)}`,
			);
		}
	}
	if (missing.length === 0) return;
	const rest = missing.length > MAX_LISTED ? ` and ${missing.length - MAX_LISTED} more` : '';
	throw invalid(
		`Expected all encoder parameters in ${source}, found no ${missing.slice(0, MAX_LISTED).join(', ')}${rest}`,
	);
}

/** Shape as canonical: a position table may come without cls row or be left out, a BEiT table may be shared by all blocks. */
function storedShape(
	name: string,
	shapes: Shapes,
	{ family, gridSide, dim }: EncoderArchitecture,
): Shape | undefined {
	const shape = shapes.get(name);
	if (name === 'pos_embed') {
		if (shape === undefined && family === 'beit') return [1, 1 + gridSide * gridSide, dim];
		if (shape?.[1] === gridSide * gridSide) return [shape[0], 1 + gridSide * gridSide, ...shape.slice(2)];
	}
	if (shape === undefined && name.endsWith('.relative_position_bias_table'))
		return shapes.get('relative_position_bias_table');
	return shape;
}

function isSame(a: Shape, b: Shape): boolean {
	return a.length === b.length && a.every((side, i) => side === b[i]);
}

function format(shape: Shape): string {
	return `(${shape.join(', ')})`;
}

function invalid(
	message: string,
	hint = 'Use a plain Vision Transformer such as DINOv2 (with or without registers), DINO, DeiT, MAE or BEiT, in timm, Meta or Hugging Face naming.',
): DinomalyError {
	return new DinomalyError('ENCODER_INVALID', message, { hint });
}
