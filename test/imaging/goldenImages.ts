import { readFileSync } from 'node:fs';

import { parseSafetensors, type SafetensorsFile } from '../../src/weights/safetensors';
import type { RgbImage } from '../../src/imaging/image';
import { sharedPath } from '../support/golden';

export interface GoldenImage {
	readonly name: string;
	/** [width, height] */
	readonly size: readonly [number, number];
	/** Pairs of image side and crop side. */
	readonly combos: readonly (readonly [number, number])[];
	readonly kind: 'image' | 'mask';
}

export function goldenImages(): { file: SafetensorsFile; images: GoldenImage[]; masks: GoldenImage[] } {
	const file = parseSafetensors(readFileSync(sharedPath('golden', 'preproc.safetensors')));
	const cases = JSON.parse(file.metadata.cases) as Record<string, Omit<GoldenImage, 'name'>>;
	const all = Object.entries(cases).map(([name, found]) => ({ name, ...found }));
	return {
		file,
		images: all.filter(({ kind }) => kind === 'image'),
		masks: all.filter(({ kind }) => kind === 'mask'),
	};
}

export function goldenRgb(file: SafetensorsFile, { name, size: [width, height] }: GoldenImage): RgbImage {
	return { data: file.read(`${name}.rgb`) as Uint8Array, width, height, channels: 3 };
}
