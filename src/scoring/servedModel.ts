import { createHash } from 'node:crypto';
import { readDistribution } from '../distribution/distributionFile';
import { DinomalyError } from '../errors';
import { preprocess } from '../imaging/preprocess';
import { EVAL_SIDE } from '../model/anomalyMap';
import { InferenceClient, describeServed, type ServedName, type ServedShapes } from '../serving';
import type { ModelCard } from '../store/card';
import type { OpenedModel } from '../store/modelStore';
import { mapViewed, type View, type Viewer } from './mapViewed';
import { areasOf, openVersion, type ReadyModel } from './openModel';
import { placer } from './placer';
import type { ServedBy, ServedPrecision } from './request';

/** What an exported model takes and gives, by name. */
export const SERVED_INPUT = 'image';
export const SERVED_OUTPUTS = ['map', 'score', 'distances', 'embedding', 'identity'] as const;

/** Bits that a number of the output `identity` says whose weights these are with: float32 holds them exactly. */
const IDENTITY_BITS = 24;
const IDENTITY_NUMBERS = 4;
/** What the last number of `identity` says: bits of the numbers that linear layers are multiplied in. */
export const PRECISION_BITS: Readonly<Record<ServedPrecision, number>> = {
	float32: 32,
	float16: 16,
	int8: 8,
};

/** Requests under way at a time, for a server that computes several together or on several devices. */
const SERVED_AT_ONCE = 4;

/** A model whose maps an inference server makes; everything around them is that of the version in the store. */
export interface ServedModel extends Pick<ReadyModel, 'opened' | 'place' | 'areas' | 'atOnce' | 'score'> {
	/** Known once an image was scored. */
	readonly precision: () => ServedPrecision | undefined;
}

/**
 * Opens a version of the store whose maps an inference server makes: neither its encoder nor its decoder is loaded here.
 * @throws as `openModel`; SERVER_UNREACHABLE or SERVER_REFUSED when the server is not there, does not have the model, or has one of another shape
 */
export async function openServed(
	storeFolder: string,
	ref: string,
	{ server, model, version, signal }: ServedBy & { readonly signal: AbortSignal },
): Promise<ServedModel> {
	const opened = await openVersion(storeFolder, ref);
	const { card } = opened;
	const client = new InferenceClient(server);
	const what: ServedName = {
		model: model ?? opened.name,
		version: version === undefined ? opened.version : version,
	};
	const { grid, width } = readShapes(await client.shapes(what, signal), { card, what, url: server.url });
	const distribution = await readDistribution(opened, card.config.groups * width);
	const areas = areasOf(opened.zones, card.config, grid);
	let precision: ServedPrecision | undefined;
	const viewer = (scoring: AbortSignal | undefined): Viewer => ({
		groups: card.config.groups,
		width,
		atOnce: SERVED_AT_ONCE,
		see: async (part) => {
			const { cropSize } = card.config;
			const image = {
				name: SERVED_INPUT,
				shape: [1, 3, cropSize, cropSize],
				data: preprocess(part, card.config),
			};
			const request = { inputs: [image], outputs: SERVED_OUTPUTS };
			const found = await client.infer(what, request, scoring);
			const output = (name: (typeof SERVED_OUTPUTS)[number], length: number): Float32Array => {
				const data = found.get(name)?.data;
				if (data?.length === length && data.every(Number.isFinite)) return data;
				throw wrongOutput(what, { name, length, data });
			};
			precision = checkIdentity(output('identity', IDENTITY_NUMBERS + 1), { opened, what });
			return {
				map: output('map', EVAL_SIDE * EVAL_SIDE),
				score: output('score', 1)[0],
				distances: output('distances', grid * grid),
				sums: output('embedding', card.config.groups * width),
			} satisfies View;
		},
	});
	return {
		opened,
		areas,
		atOnce: () => SERVED_AT_ONCE,
		place: placer(distribution, card),
		precision: () => precision,
		score: (image, { category = null, signal: scoring } = {}) =>
			mapViewed(image, viewer(scoring), {
				config: card.config,
				seen: areas?.of(category, image),
				signal: scoring,
			}),
	};
}

/** What the output `identity` of an exported version holds: whose weights it is made of, and in what numbers it computes. */
export function servedIdentity(
	{ card }: Pick<OpenedModel, 'card'>,
	precision: ServedPrecision,
): Float32Array {
	const { imageSize, cropSize, groups } = card.config;
	const made = JSON.stringify([
		card.encoder.sha256,
		card.files['decoder.safetensors'].sha256,
		imageSize,
		cropSize,
		groups,
	]);
	const digest = createHash('sha256').update(made).digest();
	const numbers = Array.from({ length: IDENTITY_NUMBERS }, (_, i) =>
		digest.readUIntBE((i * IDENTITY_BITS) / 8, IDENTITY_BITS / 8),
	);
	return Float32Array.of(...numbers, PRECISION_BITS[precision]);
}

interface Checked {
	readonly card: ModelCard;
	readonly what: ServedName;
	readonly url: string;
}

/** Throws SERVER_REFUSED where a model could not give what ours does. */
function readShapes(
	{ inputs, outputs }: ServedShapes,
	{ card, what, url }: Checked,
): { grid: number; width: number } {
	const { cropSize, groups } = card.config;
	const expected = [1, 3, cropSize, cropSize];
	const input = inputs.get(SERVED_INPUT);
	const refuse = (wanted: string, found: string): DinomalyError =>
		new DinomalyError(
			'SERVER_REFUSED',
			`Expected ${describeServed(what)} at ${url} to ${wanted}, found ${found}`,
			{
				hint: `Export version ${card.version} of "${card.name}" for the server (dinomaly models export --repository, or Dinomaly Model), or set Model on Server and Version on Server.`,
			},
		);
	if (input === undefined || !fits(input, expected))
		throw refuse(
			`take "${SERVED_INPUT}" of ${expected.join(' x ')}`,
			input?.join(' x ') ?? 'no such input of float32',
		);
	const missing = SERVED_OUTPUTS.filter((name) => !outputs.has(name));
	if (missing.length > 0) throw refuse(`give ${SERVED_OUTPUTS.join(', ')}`, `no ${missing.join(', ')}`);
	const grid = outputs.get('distances')?.at(-1) ?? 0;
	const values = outputs.get('embedding')?.at(-1) ?? 0;
	if (!(grid >= 1 && grid <= cropSize)) throw refuse('say how many patches it has', `${grid} a side`);
	if (!(values >= 1) || values % groups !== 0)
		throw refuse(`say how long its embedding is, in ${groups} groups`, `${values} values`);
	return { grid, width: values / groups };
}

/** Extents that may vary, -1, fit all. */
function fits(shape: readonly number[], expected: readonly number[]): boolean {
	return (
		shape.length === expected.length &&
		shape.every((extent, i) => extent === -1 || extent === expected[i])
	);
}

function checkIdentity(
	found: Float32Array,
	{ opened, what }: { readonly opened: OpenedModel; readonly what: ServedName },
): ServedPrecision {
	const expected = servedIdentity(opened, 'float32');
	const isSame = found.subarray(0, IDENTITY_NUMBERS).every((value, i) => value === expected[i]);
	const precision = (Object.keys(PRECISION_BITS) as ServedPrecision[]).find(
		(one) => PRECISION_BITS[one] === found[IDENTITY_NUMBERS],
	);
	if (isSame && precision !== undefined) return precision;
	throw new DinomalyError(
		'SERVER_REFUSED',
		`Expected ${describeServed(what)} of the server to be "${opened.name}@${opened.version}", found another model's weights`,
		{
			hint: 'Thresholds hold for the model that they were measured with: export this version for the server, or choose the version that it has.',
		},
	);
}

function wrongOutput(
	what: ServedName,
	{
		name,
		length,
		data,
	}: { readonly name: string; readonly length: number; readonly data: Float32Array | undefined },
): DinomalyError {
	const found =
		data === undefined
			? 'none of float32'
			: data.length === length
				? 'some that are not finite'
				: `${data.length}`;
	return new DinomalyError(
		'SERVER_REFUSED',
		`Expected ${describeServed(what)} of the server to give ${length} values as "${name}", found ${found}`,
		{ hint: 'Export the version for the server again, and look at its log.' },
	);
}
