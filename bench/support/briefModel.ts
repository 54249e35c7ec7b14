import type { Engine } from '../../src/engine/host';
import { THREADS } from './cases';
import type { DrawnData } from './drawnData';

/** Trains a model of the drawn data that is good for nothing but being scored with: speed does not depend on its weights. */
export async function trainBriefly(
	engine: Engine,
	{ data, store }: DrawnData,
	{ model, encoder, side }: { readonly model: string; readonly encoder: string; readonly side: number },
): Promise<void> {
	await engine.train({
		...{ store, data, model, encoder, device: 'cpu', threads: THREADS },
		overrides: { imageSize: side, cropSize: side, batchSize: 4, iterations: 2 },
		calibrationShare: 0.5,
	});
}
