/** One stored parameter's place in the canonical set of names. */
export interface Placement {
	/** Such as `blocks.3.attn.qkv.weight`. */
	readonly canonical: string;
	/** Third of a fused qkv parameter that it holds (q, k, v); undefined when it holds all of it. */
	readonly part?: 0 | 1 | 2;
}

/** Where each canonical parameter comes from: one whole tensor, or up to three parts. */
export type Sources = ReadonlyMap<string, readonly Source[]>;

export interface Source extends Pick<Placement, 'part'> {
	readonly stored: string;
}

export interface RecognisedNames {
	readonly sources: Sources;
	/** Stored parameters that belong to the encoder but mean a computation that is not ours, such as a gated MLP. */
	readonly foreign: readonly string[];
}

/** The parameter that every encoder here has, by which the common prefix of a checkpoint is found. */
const CLS_NAMES = ['cls_token', 'embeddings.cls_token'];

const TOP_LEVEL: Readonly<Record<string, string>> = {
	cls_token: 'cls_token',
	pos_embed: 'pos_embed',
	register_tokens: 'register_tokens',
	reg_token: 'register_tokens',
	'patch_embed.proj.weight': 'patch_embed.proj.weight',
	'patch_embed.proj.bias': 'patch_embed.proj.bias',
	'rel_pos_bias.relative_position_bias_table': 'relative_position_bias_table',
	'embeddings.cls_token': 'cls_token',
	'embeddings.position_embeddings': 'pos_embed',
	'embeddings.register_tokens': 'register_tokens',
	'embeddings.patch_embeddings.projection.weight': 'patch_embed.proj.weight',
	'embeddings.patch_embeddings.projection.bias': 'patch_embed.proj.bias',
	'encoder.relative_position_bias.relative_position_bias_table': 'relative_position_bias_table',
};

/** `blocks.<i>.` (timm, Meta), `blocks.<chunk>.<i>.` (Meta's training checkpoints; i counts through) and `encoder.layer.<i>.`. */
const BLOCK = /^(?:blocks\.(?:\d+\.)?|encoder\.layer\.)(\d+)\.(.+)$/;

/** Modules of a block with a weight and a bias, as the naming families call them. */
const BLOCK_MODULES: Readonly<Record<string, Placement>> = {
	norm1: { canonical: 'norm1' },
	norm2: { canonical: 'norm2' },
	'attn.qkv': { canonical: 'attn.qkv' },
	'attn.proj': { canonical: 'attn.proj' },
	'mlp.fc1': { canonical: 'mlp.fc1' },
	'mlp.fc2': { canonical: 'mlp.fc2' },
	layernorm_before: { canonical: 'norm1' },
	layernorm_after: { canonical: 'norm2' },
	'attention.attention.query': { canonical: 'attn.qkv', part: 0 },
	'attention.attention.key': { canonical: 'attn.qkv', part: 1 },
	'attention.attention.value': { canonical: 'attn.qkv', part: 2 },
	'attention.output.dense': { canonical: 'attn.proj' },
	'intermediate.dense': { canonical: 'mlp.fc1' },
	'output.dense': { canonical: 'mlp.fc2' },
};

/** Parameters of a block that stand alone. */
const BLOCK_PARAMETERS: Readonly<Record<string, Placement>> = {
	'ls1.gamma': { canonical: 'ls1.gamma' },
	'ls2.gamma': { canonical: 'ls2.gamma' },
	'layer_scale1.lambda1': { canonical: 'ls1.gamma' },
	'layer_scale2.lambda1': { canonical: 'ls2.gamma' },
	gamma_1: { canonical: 'ls1.gamma' },
	gamma_2: { canonical: 'ls2.gamma' },
	lambda_1: { canonical: 'ls1.gamma' },
	lambda_2: { canonical: 'ls2.gamma' },
	'attn.q_bias': { canonical: 'attn.qkv.bias', part: 0 },
	'attn.v_bias': { canonical: 'attn.qkv.bias', part: 2 },
	'attn.relative_position_bias_table': { canonical: 'attn.relative_position_bias_table' },
	'attention.attention.relative_position_bias.relative_position_bias_table': {
		canonical: 'attn.relative_position_bias_table',
	},
};

/** Constants that some programs store along: computed here, or zero by definition (BEiT's key bias). */
const BLOCK_CONSTANT = /(?:relative_position_index|\.k_bias)$/;

/** Parameters outside the blocks that change what the tokens are. */
const FOREIGN_TOP_LEVEL =
	/^(?:dist_token|norm_pre\.|pre_norm\.|patch_embed\.|rope|embeddings\.(?:distillation_token|patch_embeddings\.|norm))/;

/**
 * Maps the names of a checkpoint in timm's, Meta's or Hugging Face's naming to the canonical ones. Heads, decoders, the final norm and
 * mask tokens are left out. A common prefix (`module.`, `teacher.backbone.`, `vit.` and so on) is recognised by the class token.
 */
export function recogniseNames(stored: readonly string[]): RecognisedNames {
	const prefix = findPrefix(stored);
	const sources = new Map<string, Source[]>();
	const foreign: string[] = [];
	for (const name of stored) {
		if (!name.startsWith(prefix)) continue;
		const placement = place(name.slice(prefix.length));
		if (placement === 'foreign') foreign.push(name);
		else if (placement !== 'ignored') {
			const { canonical, part } = placement;
			const known = sources.get(canonical);
			if (known === undefined) sources.set(canonical, [{ stored: name, part }]);
			else known.push({ stored: name, part });
		}
	}
	return { sources, foreign };
}

/** With several encoders in one file (a teacher and a student), the teacher, which is what their authors evaluate. */
function findPrefix(stored: readonly string[]): string {
	const prefixes: string[] = [];
	for (const name of stored) {
		const cls = CLS_NAMES.filter((end) => name === end || name.endsWith(`.${end}`)).at(-1);
		if (cls !== undefined) prefixes.push(name.slice(0, name.length - cls.length));
	}
	prefixes.sort((a, b) => rank(a) - rank(b) || a.length - b.length);
	return prefixes[0] ?? '';
}

function rank(prefix: string): number {
	return prefix.includes('teacher') ? 0 : 1;
}

function place(name: string): Placement | 'foreign' | 'ignored' {
	if (Object.hasOwn(TOP_LEVEL, name)) return { canonical: TOP_LEVEL[name] };
	const match = BLOCK.exec(name);
	if (match === null) return FOREIGN_TOP_LEVEL.test(name) ? 'foreign' : 'ignored';
	const [, block, parameter] = match;
	if (BLOCK_CONSTANT.test(parameter)) return 'ignored';
	const placement = placeInBlock(parameter);
	// Anything else inside a block takes part in its computation, so leaving it out would silently give other features.
	if (placement === undefined) return 'foreign';
	return { ...placement, canonical: `blocks.${Number(block)}.${placement.canonical}` };
}

function placeInBlock(parameter: string): Placement | undefined {
	if (Object.hasOwn(BLOCK_PARAMETERS, parameter)) return BLOCK_PARAMETERS[parameter];
	const match = /^(.+)\.(weight|bias)$/.exec(parameter);
	if (match === null || !Object.hasOwn(BLOCK_MODULES, match[1])) return undefined;
	const [, module, kind] = match;
	const placement = BLOCK_MODULES[module];
	return { ...placement, canonical: `${placement.canonical}.${kind}` };
}
