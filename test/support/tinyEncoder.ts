import { createRandom } from '../../src/random';
import { canonicalShapes, type EncoderArchitecture } from '../../src/weights/encoderArchitecture';
import { writeSafetensors } from '../../src/weights/safetensors';

const ARCHITECTURE: EncoderArchitecture = {
	family: 'vit',
	patch: 16,
	dim: 64,
	heads: 1,
	depth: 10,
	registers: 0,
	layerScale: false,
	gridSide: 2,
	lnEps: 1e-6,
	mlpRatio: 4,
};

/** Writes a small random ViT, so that tests of everything around the encoder are fast. */
export async function writeTinyEncoder(file: string): Promise<void> {
	const random = createRandom(11);
	const tensors = [...canonicalShapes(ARCHITECTURE)].map(([name, shape]) => {
		const data = new Float32Array(shape.reduce((product, extent) => product * extent, 1));
		random.fillNormal(data);
		const scale = shape.length === 1 ? 0.02 : 0.6 / Math.sqrt(shape[shape.length - 1]);
		const shift = /norm\d\.weight$/.test(name) ? 1 : 0;
		for (let i = 0; i < data.length; i++) data[i] = shift + scale * data[i];
		return { name, dtype: 'F32' as const, shape, data };
	});
	await writeSafetensors(file, tensors);
}
