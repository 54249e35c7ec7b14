import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { openEncoder } from '../../src/weights/encoderWeights';
import { readSafetensors, type SafetensorsFile } from '../../src/weights/safetensors';

const SHARED = resolve(__dirname, '../../../shared');

/** Width, patch side, grid side, blocks, heads of the drawn encoders below. */
const D = 8;
const P = 4;
const G = 3;
const DEPTH = 11;
const HEADS = 2;

type Parameters = Map<string, { shape: number[]; data: Float32Array }>;

let seed = 0;
function random(shape: number[]): { shape: number[]; data: Float32Array } {
	const size = shape.reduce((a, b) => a * b, 1);
	const data = Float32Array.from({ length: size }, () => {
		seed = (seed * 1664525 + 1013904223) % 2 ** 32;
		return seed / 2 ** 31 - 1;
	});
	return { shape, data };
}

/** A drawn encoder under the canonical names, which are those of Meta's DINOv2. */
function canonical({ registers = 0, layerScale = false } = {}): Parameters {
	const shapes: [string, number[]][] = [
		['cls_token', [1, 1, D]],
		['pos_embed', [1, 1 + G * G, D]],
		['patch_embed.proj.weight', [D, 3, P, P]],
		['patch_embed.proj.bias', [D]],
	];
	if (registers > 0) shapes.push(['register_tokens', [1, registers, D]]);
	for (let i = 0; i < DEPTH; i++) {
		for (const [name, shape] of [
			['norm1.weight', [D]],
			['norm1.bias', [D]],
			['attn.qkv.weight', [3 * D, D]],
			['attn.qkv.bias', [3 * D]],
			['attn.proj.weight', [D, D]],
			['attn.proj.bias', [D]],
			['norm2.weight', [D]],
			['norm2.bias', [D]],
			['mlp.fc1.weight', [4 * D, D]],
			['mlp.fc1.bias', [4 * D]],
			['mlp.fc2.weight', [D, 4 * D]],
			['mlp.fc2.bias', [D]],
			...(layerScale ? [['ls1.gamma', [D]] as const, ['ls2.gamma', [D]] as const] : []),
		] as [string, number[]][]) {
			shapes.push([`blocks.${i}.${name}`, shape]);
		}
	}
	return new Map(shapes.map(([name, shape]) => [name, random(shape)]));
}

function fileOf(
	parameters: Parameters,
	metadata: Record<string, string> = { heads: String(HEADS) },
): SafetensorsFile {
	const get = (name: string) => parameters.get(name)!;
	return {
		source: 'drawn.safetensors',
		names: [...parameters.keys()],
		metadata,
		has: (name) => parameters.has(name),
		info: (name) => ({ dtype: 'F32', shape: get(name).shape }),
		read: (name) => get(name).data.slice(),
		readFloat32: (name) => get(name).data.slice(),
	};
}

function rename(parameters: Parameters, change: (name: string) => string): Parameters {
	return new Map([...parameters].map(([name, value]) => [change(name), value]));
}

/** Splits every fused qkv parameter as Hugging Face's models store it. */
function splitQkv(
	parameters: Parameters,
	nameOf: (block: string, part: number, kind: string) => string | undefined,
): Parameters {
	const out: Parameters = new Map();
	for (const [name, value] of parameters) {
		const match = /^blocks\.(\d+)\.attn\.qkv\.(weight|bias)$/.exec(name);
		if (match === null) {
			out.set(name, value);
			continue;
		}
		const third = value.data.length / 3;
		for (let part = 0; part < 3; part++) {
			const partName = nameOf(match[1], part, match[2]);
			if (partName === undefined) continue;
			out.set(partName, {
				shape: [D, ...value.shape.slice(1)],
				data: value.data.slice(part * third, (part + 1) * third),
			});
		}
	}
	return out;
}

const toDinov2OfHuggingFace = (name: string): string =>
	name
		.replace(/^(cls_token|register_tokens)$/, 'embeddings.$1')
		.replace(/^pos_embed$/, 'embeddings.position_embeddings')
		.replace(/^patch_embed\.proj/, 'embeddings.patch_embeddings.projection')
		.replace(/^blocks\./, 'encoder.layer.')
		.replace('attn.proj', 'attention.output.dense')
		.replace(/ls([12])\.gamma/, 'layer_scale$1.lambda1');

const toVitOfHuggingFace = (name: string): string =>
	toDinov2OfHuggingFace(name)
		.replace('.norm1.', '.layernorm_before.')
		.replace('.norm2.', '.layernorm_after.')
		.replace('.mlp.fc1.', '.intermediate.dense.')
		.replace('.mlp.fc2.', '.output.dense.');

const qkvOfHuggingFace = (block: string, part: number, kind: string): string =>
	`encoder.layer.${block}.attention.attention.${['query', 'key', 'value'][part]}.${kind}`;

function expectSame(file: SafetensorsFile, expected: Parameters): void {
	const weights = openEncoder(file);
	expect([...weights.names].sort()).toEqual([...expected.keys()].sort());
	for (const [name, { shape, data }] of expected) {
		expect(weights.shape(name)).toEqual(shape);
		expect(weights.get(name)).toEqual(data);
	}
}

const noise: Parameters = new Map(
	[
		'norm.weight',
		'head.weight',
		'mask_token',
		'fc_norm.bias',
		'decoder_blocks.0.norm1.weight',
		'decoder.decoder_layers.0.x',
	].map((name) => [name, random([2])]),
);

describe('naming families', () => {
	const plain = canonical();
	const scaled = canonical({ registers: 4, layerScale: true });

	test('canonical names pass through, and heads, final norms and decoders are left out', () => {
		expectSame(fileOf(new Map([...scaled, ...noise])), scaled);
		expectSame(fileOf(new Map([...plain, ...noise])), plain);
	});

	test.each([
		'module.',
		'backbone.',
		'module.backbone.',
		'teacher.backbone.',
		'model.',
		'student.',
		'encoder.',
	])('the prefix %s is stripped', (prefix) => {
		expectSame(fileOf(rename(plain, (name) => prefix + name)), plain);
	});

	test('of a teacher and a student in one file the teacher is taken', () => {
		const student = rename(canonical(), (name) => `student.backbone.${name}`);
		const teacher = rename(plain, (name) => `teacher.backbone.${name}`);
		expectSame(fileOf(new Map([...student, ...teacher])), plain);
	});

	test('chunked block lists of Meta count through', () => {
		const chunked = rename(scaled, (name) =>
			name.replace(/^blocks\.(\d+)\./, (_, i: string) => `blocks.${Math.floor(Number(i) / 4)}.${i}.`),
		);
		expectSame(fileOf(chunked), scaled);
	});

	test('timm calls registers reg_token and stores no position of cls: its row is zero', () => {
		const timm = rename(scaled, (name) => (name === 'register_tokens' ? 'reg_token' : name));
		const table = scaled.get('pos_embed')!;
		timm.set('pos_embed', { shape: [1, G * G, D], data: table.data.slice(D) });
		const withZeroRow = new Map(scaled).set('pos_embed', {
			shape: table.shape,
			data: table.data.slice().fill(0, 0, D),
		});
		expectSame(fileOf(timm), withZeroRow);
	});

	test('DINOv2 of Hugging Face, with and without a model prefix', () => {
		const stored = rename(splitQkv(scaled, qkvOfHuggingFace), toDinov2OfHuggingFace);
		expectSame(
			fileOf(
				new Map([
					...stored,
					['layernorm.weight', random([D])],
					['embeddings.mask_token', random([1, D])],
				]),
			),
			scaled,
		);
		expectSame(fileOf(rename(stored, (name) => `dinov2_with_registers.${name}`)), scaled);
	});

	test.each(['', 'vit.', 'deit.'])(
		'ViT, DINO, DeiT and MAE of Hugging Face with the prefix "%s"',
		(prefix) => {
			const stored = rename(splitQkv(plain, qkvOfHuggingFace), toVitOfHuggingFace);
			expectSame(fileOf(new Map([...rename(stored, (name) => prefix + name), ...noise])), plain);
		},
	);
});

describe('BEiT', () => {
	const tableShape = [(2 * G - 1) ** 2 + 3, HEADS];
	/** Canonical: LayerScale, one table for each block, no key bias, no absolute positions. */
	function beit({ shared = false } = {}): Parameters {
		const parameters = canonical({ layerScale: true });
		parameters.get('pos_embed')!.data.fill(0);
		const one = random(tableShape);
		for (let i = 0; i < DEPTH; i++) {
			parameters.get(`blocks.${i}.attn.qkv.bias`)!.data.fill(0, D, 2 * D);
			parameters.set(
				`blocks.${i}.attn.relative_position_bias_table`,
				shared ? one : random(tableShape),
			);
		}
		return parameters;
	}
	function stored(parameters: Parameters): Parameters {
		const split = splitQkv(parameters, (block, part, kind) => {
			if (kind === 'weight') return `part${part}.${block}`;
			return [`blocks.${block}.attn.q_bias`, undefined, `blocks.${block}.attn.v_bias`][part];
		});
		for (const name of [...split.keys()]) if (name.startsWith('part')) split.delete(name);
		for (const [name, value] of parameters) if (name.endsWith('qkv.weight')) split.set(name, value);
		split.delete('pos_embed');
		return rename(split, (name) => name.replace(/ls([12])\.gamma/, 'gamma_$1'));
	}

	test('timm and the original: gammas, separate biases, zero key bias and positions', () => {
		const parameters = beit();
		const file = stored(parameters);
		file.set('blocks.0.attn.relative_position_index', random([10, 10]));
		expectSame(fileOf(file, {}), parameters);
		expect(openEncoder(fileOf(file, {})).architecture).toMatchObject({
			family: 'beit',
			heads: HEADS,
			gridSide: G,
			layerScale: true,
		});
	});

	test('a table shared by all blocks is given to each', () => {
		const parameters = beit({ shared: true });
		const file = stored(parameters);
		const table = file.get('blocks.0.attn.relative_position_bias_table')!;
		for (let i = 0; i < DEPTH; i++) file.delete(`blocks.${i}.attn.relative_position_bias_table`);
		file.set('rel_pos_bias.relative_position_bias_table', table);
		expectSame(fileOf(file, {}), parameters);
	});

	test('Hugging Face: lambdas and a key projection without bias', () => {
		const parameters = beit();
		const split = splitQkv(parameters, (block, part, kind) =>
			part === 1 && kind === 'bias' ? undefined : qkvOfHuggingFace(block, part, kind),
		);
		split.delete('pos_embed');
		const file = rename(split, (name) =>
			`beit.${toVitOfHuggingFace(name)}`
				.replace(/layer_scale([12])\.lambda1/, 'lambda_$1')
				.replace(
					'.attn.relative_position_bias_table',
					'.attention.attention.relative_position_bias.relative_position_bias_table',
				),
		);
		expectSame(fileOf(file, {}), parameters);
	});
});

describe('architecture', () => {
	test('registers make it DINOv2, LayerScale alone does at patch 14 only', () => {
		const family = (parameters: Parameters) => openEncoder(fileOf(parameters)).architecture.family;
		const scaled = canonical({ layerScale: true });
		expect(family(canonical())).toBe('vit');
		expect(family(canonical({ registers: 4 }))).toBe('dinov2');
		expect(family(scaled)).toBe('vit');
		expect(family(scaled.set('patch_embed.proj.weight', random([D, 3, 14, 14])))).toBe('dinov2');
	});

	test('heads come from the option, else from the metadata, else from the width', () => {
		const parameters = canonical();
		expect(openEncoder(fileOf(parameters, { heads: '2' }), { heads: 4 }).architecture.heads).toBe(4);
		expect(openEncoder(fileOf(parameters, { heads: '2' })).architecture.heads).toBe(2);
		expect(() => openEncoder(fileOf(parameters, {}))).toThrow(
			'a width that is a multiple of 64 in drawn.safetensors, found 8',
		);
		expect(() => openEncoder(fileOf(parameters, { heads: '3' }))).toThrow(
			'divides the width 8 of drawn.safetensors, found 3',
		);
		expect(() => openEncoder(fileOf(parameters, { heads: 'x' }))).toThrow('to be a number, found "x"');
	});

	test('unknown names are refused by get', () => {
		expect(() => openEncoder(fileOf(canonical())).get('norm.weight')).toThrow('"norm.weight"');
	});
});

describe('what cannot be used says why', () => {
	const faults: [string, (parameters: Parameters) => void, string][] = [
		['no class token', (p) => p.delete('cls_token'), 'found no cls_token'],
		[
			'no patch embedding',
			(p) => p.delete('patch_embed.proj.weight'),
			'found no patch_embed.proj.weight',
		],
		['no positions', (p) => p.delete('pos_embed'), 'a position embedding (pos_embed)'],
		['a missing bias', (p) => p.delete('blocks.3.attn.qkv.bias'), 'found no blocks.3.attn.qkv.bias'],
		[
			'a missing block',
			(p) => {
				[...p.keys()].filter((n) => n.startsWith('blocks.2.')).forEach((n) => p.delete(n));
			},
			'found no block 2',
		],
		[
			'no blocks',
			(p) => {
				[...p.keys()].filter((n) => n.startsWith('blocks.')).forEach((n) => p.delete(n));
			},
			'found none',
		],
		[
			'a grid that is no square',
			(p) => p.set('pos_embed', random([1, 12, D])),
			'n * n or 1 + n * n rows, found (1, 12, 8)',
		],
		[
			'one channel',
			(p) => p.set('patch_embed.proj.weight', random([D, 1, P, P])),
			'(width, 3, patch, patch), found (8, 1, 4, 4)',
		],
		[
			'another shape',
			(p) => p.set('blocks.1.norm2.bias', random([D + 1])),
			'blocks.1.norm2.bias of drawn.safetensors to have shape (8), found (9)',
		],
		[
			'a distillation token',
			(p) => p.set('dist_token', random([1, 1, D])),
			'another design (dist_token)',
		],
		[
			'a norm before the blocks',
			(p) => p.set('norm_pre.weight', random([D])),
			'another design (norm_pre.weight)',
		],
		[
			'a query norm',
			(p) => p.set('blocks.0.attn.q_norm.weight', random([4])),
			'another design (blocks.0.attn.q_norm.weight)',
		],
		[
			'a gated MLP by its name',
			(p) => p.set('blocks.0.mlp.w12.weight', random([D, D])),
			'found gated ones (SwiGLU: blocks.0.mlp.w12.weight)',
		],
		[
			'a gated MLP by its shape',
			(p) => p.set('blocks.0.mlp.fc2.weight', random([D, 2 * D])),
			'found gated ones (SwiGLU: fc1 gives 32 values and fc2 takes 16)',
		],
		[
			'LayerScale in some blocks',
			(p) => p.set('blocks.0.ls1.gamma', random([D])),
			'found no blocks.0.ls2.gamma, blocks.1.ls1.gamma, blocks.1.ls2.gamma and 18 more',
		],
		[
			'a query without a key',
			(p) => {
				p.delete('blocks.0.attn.qkv.weight');
				p.set('blocks.0.attention.attention.query.weight', random([D, D]));
			},
			'Expected key of blocks.0.attn.qkv.weight',
		],
		[
			'a parameter under two names',
			(p) => p.set('reg_token', random([1, 4, D])).set('register_tokens', random([1, 4, D])),
			'Expected register_tokens once',
		],
	];
	test.each(faults)('%s', (_, spoil, message) => {
		const parameters = canonical();
		spoil(parameters);
		const expected = {
			code: 'ENCODER_INVALID',
			message: expect.stringContaining(message),
			hint: expect.any(String),
		};
		expect.assertions(1);
		try {
			openEncoder(fileOf(parameters));
		} catch (error) {
			expect(error).toMatchObject(expected);
		}
	});
});

describe('real files (skipped where they are not on the machine)', () => {
	const [tiny, deit] = ['golden/encoder_tiny.safetensors', 'weights/deit_tiny_patch16_224.safetensors'].map(
		(name) => resolve(SHARED, name),
	);

	(existsSync(tiny) ? test : test.skip)(
		"the golden encoder in Meta's naming needs its heads told",
		async () => {
			const file = await readSafetensors(tiny);
			const weights = openEncoder(file, { heads: 2 });
			expect(weights.architecture).toEqual({
				family: 'dinov2',
				patch: 14,
				dim: 32,
				heads: 2,
				depth: 12,
				registers: 4,
				layerScale: true,
				gridSide: 37,
				lnEps: 1e-6,
				mlpRatio: 4,
			});
			for (const name of weights.names) expect(weights.get(name)).toEqual(file.read(name));
		},
	);

	(existsSync(deit) ? test : test.skip)("DeiT-Tiny in timm's naming is recognised as a whole", async () => {
		const weights = openEncoder(await readSafetensors(deit));
		expect(weights.architecture).toEqual({
			family: 'vit',
			patch: 16,
			dim: 192,
			heads: 3,
			depth: 12,
			registers: 0,
			layerScale: false,
			gridSide: 14,
			lnEps: 1e-6,
			mlpRatio: 4,
		});
		const values = weights.names.reduce((sum, name) => sum + weights.get(name).length, 0);
		// The published 5,717,416 parameters less the classifier (1000 x 193) and the final norm (2 x 192).
		expect(values).toBe(5_717_416 - 193_000 - 384);
	});
});
