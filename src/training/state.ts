import { DinomalyError } from '../errors';
import type { Value } from '../runtime/session';
import { readSafetensors, writeSafetensors } from '../weights/safetensors';
import { nextName, type Port } from '../model/trainingStep';

/**
 * Parameters and optimizer moments in one set of buffers: a step writes each where it read it, so nothing is copied and nothing is held twice.
 * That is safe because everything else that reads a tensor of the state comes before its new value in the step's graph: the update
 * needs the norm of all gradients.
 */
export class TrainingState {
	private readonly values: ReadonlyMap<string, Value & { readonly data: Float32Array }>;

	/** @param initial parameter values by name; moments start at zero */
	constructor(ports: readonly Port[], initial: ReadonlyMap<string, Float32Array>) {
		this.values = new Map(
			ports.map(({ name, shape }) => {
				const data = new Float32Array(shape.reduce((product, extent) => product * extent, 1));
				const given = name.endsWith('.value') ? initial.get(parameterOf(name)) : undefined;
				if (given) data.set(given);
				return [name, { dtype: 'float32', shape, data }];
			}),
		);
	}

	/** Inputs of the next step. */
	feeds(): Record<string, Value> {
		return Object.fromEntries(this.values);
	}

	/** Outputs of the next step, in the same buffers as its inputs. */
	fetches(): Record<string, Value> {
		return Object.fromEntries([...this.values].map(([name, value]) => [nextName(name), value]));
	}

	/** Current parameter values by name. */
	parameters(): Map<string, { data: Float32Array; shape: readonly number[] }> {
		const values = [...this.values].filter(([name]) => name.endsWith('.value'));
		return new Map(values.map(([name, { data, shape }]) => [parameterOf(name), { data, shape }]));
	}

	async save(file: string): Promise<void> {
		const tensors = [...this.values].map(([name, { data, shape }]) => ({
			name,
			dtype: 'F32' as const,
			shape,
			data,
		}));
		await writeSafetensors(file, tensors);
	}

	/** @throws WEIGHTS_INVALID when the file is not the state of this model */
	async load(file: string): Promise<void> {
		const stored = await readSafetensors(file);
		for (const [name, { data }] of this.values) {
			const values = stored.has(name) ? stored.readFloat32(name) : null;
			if (values?.length !== data.length) {
				throw new DinomalyError(
					'WEIGHTS_INVALID',
					`Expected the checkpoint to hold ${name} with ${data.length} values, found ${values?.length ?? 'none'}`,
					{
						hint: 'Start the training anew: this checkpoint belongs to other settings.',
					},
				);
			}
			data.set(values);
		}
	}
}

function parameterOf(name: string): string {
	return name.slice(0, -'.value'.length);
}
