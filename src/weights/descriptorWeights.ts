import { DinomalyError } from '../errors';
import type { EncoderArchitecture, EncoderWeights, Shape } from './encoderArchitecture';
import type { SafetensorsFile } from './safetensors';
import { shapeLookup } from './shapeLookup';

/** Side of a patch in pixels, and the blocks that the decoder's layout counts on: descriptors have neither a grid nor blocks of their own. */
const PATCH = 16;
const DEPTH = 10;
const HEAD_WIDTH = 64;
const GROUPS = 2;
/** Descriptors of a patch in each group: channels times windows (model/descriptors). */
const LENGTHS = [468, 936];

/** Whether a file holds the principal components of descriptors instead of a transformer's parameters. */
export function holdsDescriptors(file: Pick<SafetensorsFile, 'names'>): boolean {
	return file.names.includes('descriptors.0.weight');
}

/** The components of the descriptors of both groups: `descriptors.<k>.weight` (descriptors, D) and `.bias` (D). Throws ENCODER_INVALID. */
export function openDescriptors(file: SafetensorsFile): EncoderWeights {
	const { source } = file;
	const dim = file.info('descriptors.0.weight').shape.at(1) ?? 0;
	const shapes = new Map<string, Shape>();
	for (let k = 0; k < GROUPS; k++) {
		shapes.set(`descriptors.${k}.weight`, [LENGTHS[k], dim]);
		shapes.set(`descriptors.${k}.bias`, [dim]);
	}
	for (const [name, wanted] of shapes) {
		const found = file.names.includes(name) ? file.info(name).shape : undefined;
		if (found?.join() !== wanted.join() || dim % HEAD_WIDTH !== 0 || dim === 0)
			throw invalid(
				`Expected ${name} of ${source} to have shape (${wanted.join(', ')}), D a multiple of ${HEAD_WIDTH}, found ${found === undefined ? 'none' : `(${found.join(', ')})`}`,
			);
	}
	const shape = shapeLookup(shapes, source);
	return {
		source,
		architecture: descriptorArchitecture(dim),
		names: [...shapes.keys()],
		shape,
		get: (name) => {
			shape(name);
			return file.readFloat32(name);
		},
	};
}

export function descriptorArchitecture(dim: number): EncoderArchitecture {
	return {
		family: 'descriptors',
		patch: PATCH,
		dim,
		heads: dim / HEAD_WIDTH,
		depth: DEPTH,
		registers: 0,
		layerScale: false,
		gridSide: 14,
		lnEps: 1e-6,
		mlpRatio: 4,
	};
}

function invalid(message: string): DinomalyError {
	return new DinomalyError('ENCODER_INVALID', message, {
		hint: 'Use the file that comes with the package.',
	});
}
