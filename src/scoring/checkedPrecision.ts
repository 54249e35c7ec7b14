import { DinomalyError } from '../errors';
import type { DeviceName } from '../runtime/device';
import { multipliesExactly, type ScoringOptions } from '../runtime/precision';
import { type ReducedPrecision } from '../runtime/precisionNames';
import type { OpenedModel } from '../store/modelStore';
import { readCheck, type PrecisionCheck } from '../store/precisionCheck';

let exact: Promise<boolean> | undefined;

/**
 * The options that a model is loaded with: int8 and float16 only for a version that was compared with float32; int8 on a processor that
 * adds 8-bit products exactly, float16 on the device that it was compared on.
 * @throws PRECISION_UNAVAILABLE with what is missing; CONFIG_INVALID for another device than the CPU together with int8
 */
export async function checkedPrecision(
	opened: OpenedModel,
	options: ScoringOptions,
): Promise<ScoringOptions> {
	const { precision = 'float32' } = options;
	if (precision === 'float32') return options;
	const check = await readCheck(opened.path, opened.card, precision);
	if (check === undefined) throw notCompared(opened, precision);
	return precision === 'int8' ? int8Options(options) : float16Options(opened, check, options);
}

/** Options for int8, whether or not the model was compared. */
export async function int8Options(options: ScoringOptions): Promise<ScoringOptions> {
	const { device = 'auto' } = options;
	if (device !== 'auto' && device !== 'cpu')
		throw new DinomalyError(
			'CONFIG_INVALID',
			`Expected device cpu or auto together with int8, found ${device}`,
			{ hint: 'Int8 is for processors: score in float32 on other devices, or in float16.' },
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

/** Devices round sums of float16 in their own ways, so that what was found on one says little about another. */
function float16Options(
	{ name, version }: OpenedModel,
	{ device: compared }: PrecisionCheck,
	options: ScoringOptions,
): ScoringOptions {
	const { device = 'auto' } = options;
	if (device !== 'auto' && device !== compared)
		throw new DinomalyError(
			'PRECISION_UNAVAILABLE',
			`Expected "${name}@${version}" to score in float16 on ${compared}, where it was compared with float32, found ${device} asked for`,
			{ hint: `Compare it on ${device} as well, or set Device to ${compared} or Automatic.` },
		);
	return { ...options, device: compared as DeviceName, requireDevice: true };
}

function notCompared({ name, version }: OpenedModel, precision: ReducedPrecision): DinomalyError {
	const flag = precision === 'int8' ? '' : ` --precision ${precision}`;
	return new DinomalyError(
		'PRECISION_UNAVAILABLE',
		`Expected "${name}@${version}" to have been compared in ${precision} and float32 before it scores in ${precision}, found no comparison`,
		{
			hint: `Run "dinomaly models quantize ${name}@${version} --data DIR${flag}" (Dinomaly Model, Quantize) with images of known truth and use the version that it makes, or score in float32.`,
		},
	);
}
