import { DinomalyError } from '../errors';
import { multipliesExactly, type ScoringOptions } from '../runtime/precision';
import { INT8_FILE } from '../store/int8File';
import type { OpenedModel } from '../store/modelStore';

let exact: Promise<boolean> | undefined;

/**
 * The options that a model is loaded with: int8 only for a version that was compared with float32, on a processor that adds 8-bit products
 * exactly, and on the CPU.
 * @throws PRECISION_UNAVAILABLE with what is missing; CONFIG_INVALID for another device than the CPU
 */
export async function checkedPrecision(
	{ card, name, version }: OpenedModel,
	options: ScoringOptions,
): Promise<ScoringOptions> {
	if (options.precision !== 'int8') return options;
	if (!Object.hasOwn(card.files, INT8_FILE))
		throw new DinomalyError(
			'PRECISION_UNAVAILABLE',
			`Expected "${name}@${version}" to have been compared in int8 and float32 before it scores in int8, found no comparison`,
			{
				hint: `Run "dinomaly models quantize ${name}@${version} --data DIR" (Dinomaly Model, Quantize) with images of known truth and use the version that it makes, or score in float32.`,
			},
		);
	return int8Options(options);
}

/** Options for int8, whether or not the model was compared. */
export async function int8Options(options: ScoringOptions): Promise<ScoringOptions> {
	const { device = 'auto' } = options;
	if (device !== 'auto' && device !== 'cpu')
		throw new DinomalyError(
			'CONFIG_INVALID',
			`Expected device cpu or auto together with int8, found ${device}`,
			{ hint: 'Int8 is for processors: score in float32 on other devices.' },
		);
	exact ??= multipliesExactly();
	if (!(await exact))
		throw new DinomalyError(
			'PRECISION_UNAVAILABLE',
			'Expected a processor that adds products of 8-bit integers exactly, found one whose sums clip',
			{
				hint: 'Score in float32 here: int8 needs a processor with VNNI or AMX (Intel from 2019, AMD from 2022) or dot products (Arm).',
			},
		);
	return { ...options, device: 'cpu', precision: 'int8' };
}
