import { tmpdir } from 'node:os';
import { readEncoder, type EncoderFile } from '../../src/encoding/encoder';
import { createRandom } from '../../src/random';
import { canonicalShapes, type EncoderArchitecture } from '../../src/weights/encoderArchitecture';
import { resolveEncoder } from '../../src/weights/resolveEncoder';
import { targetLayers } from '../../src/weights/targetLayers';

/** Layouts of encoders; speed does not depend on the weights, which come from a seed. */
const LAYOUTS: Readonly<Record<string, EncoderArchitecture>> = {
	'ViT-S reg4': {
		family: 'dinov2',
		patch: 14,
		dim: 384,
		heads: 6,
		depth: 12,
		registers: 4,
		layerScale: true,
		gridSide: 37,
		lnEps: 1e-6,
		mlpRatio: 4,
	},
	'ViT-B reg4': {
		family: 'dinov2',
		patch: 14,
		dim: 768,
		heads: 12,
		depth: 12,
		registers: 4,
		layerScale: true,
		gridSide: 37,
		lnEps: 1e-6,
		mlpRatio: 4,
	},
	'ViT-L reg4': {
		family: 'dinov2',
		patch: 14,
		dim: 1024,
		heads: 16,
		depth: 24,
		registers: 4,
		layerScale: true,
		gridSide: 37,
		lnEps: 1e-6,
		mlpRatio: 4,
	},
};

/** An encoder of a layout with random weights, or one of the package by its name. */
export async function openBenchEncoder(layout: string): Promise<EncoderFile> {
	if (Object.hasOwn(LAYOUTS, layout)) return randomEncoder(layout);
	return readEncoder(await resolveEncoder(layout, { cacheDir: tmpdir() }));
}

function randomEncoder(layout: string): EncoderFile {
	const architecture = LAYOUTS[layout];
	const shapes = canonicalShapes(architecture);
	const random = createRandom(1);
	const shape = (name: string): readonly number[] => {
		const found = shapes.get(name);
		if (!found) throw new Error(`${layout} has no parameter ${name}`);
		return found;
	};
	const values = new Map(
		[...shapes].map(([name, extents]) => {
			const data = new Float32Array(extents.reduce((product, extent) => product * extent, 1));
			random.fillNormal(data);
			for (let i = 0; i < data.length; i++) data[i] *= 0.05;
			return [name, data];
		}),
	);
	const { dim, heads, patch, registers, depth } = architecture;
	return {
		resolved: { name: layout, path: '', sha256: '', entry: null },
		weights: {
			source: layout,
			architecture,
			names: [...shapes.keys()],
			shape,
			get: (name) => (values.get(name) ?? new Float32Array()).slice(),
		},
		dims: { dim, heads, patch, registers, targetLayers: targetLayers(depth) },
	};
}
