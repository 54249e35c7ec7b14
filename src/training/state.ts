import { DinomalyError } from '../errors';
import type { Value } from '../runtime/session';
import { readSafetensors, writeSafetensors } from '../weights/safetensors';
import { nextName, type Port } from '../model/trainingStep';

/** Parameters and optimizer moments in two sets of buffers: a step reads one and writes the other, so nothing is copied. */
export class TrainingState {
	private readonly sets: [Map<string, Value>, Map<string, Value>];
	private current = 0;

	/** @param values initial parameter values by name; moments start at zero */
	constructor(ports: readonly Port[], values: ReadonlyMap<string, Float32Array>) {
		const allocate = (fill: boolean): Map<string, Value> =>
			new Map(
				ports.map((port) => {
					const data = new Float32Array(
						port.shape.reduce((product, extent) => product * extent, 1),
					);
					const initial =
						fill && port.name.endsWith('.value')
							? values.get(port.name.slice(0, -'.value'.length))
							: undefined;
					if (initial) data.set(initial);
					return [port.name, { dtype: 'float32', shape: port.shape, data }];
				}),
			);
		this.sets = [allocate(true), allocate(false)];
	}

	/** Inputs of the next step. */
	feeds(): Record<string, Value> {
		return Object.fromEntries(this.sets[this.current]);
	}

	/** Outputs of the next step. */
	fetches(): Record<string, Value> {
		const target = this.sets[1 - this.current];
		return Object.fromEntries([...target].map(([name, value]) => [nextName(name), value]));
	}

	/** Makes the last step's outputs the state. */
	advance(): void {
		this.current = 1 - this.current;
	}

	/** Current parameter values by name. */
	parameters(): Map<string, { data: Float32Array; shape: readonly number[] }> {
		const values = new Map<string, { data: Float32Array; shape: readonly number[] }>();
		for (const [name, { data, shape }] of this.sets[this.current]) {
			if (name.endsWith('.value'))
				values.set(name.slice(0, -'.value'.length), { data: data as Float32Array, shape });
		}
		return values;
	}

	async save(file: string): Promise<void> {
		const tensors = [...this.sets[this.current]].map(([name, { data, shape }]) => ({
			name,
			dtype: 'F32' as const,
			shape,
			data: data as Float32Array,
		}));
		await writeSafetensors(file, tensors);
	}

	/** @throws WEIGHTS_INVALID when the file is not the state of this model */
	async load(file: string): Promise<void> {
		const stored = await readSafetensors(file);
		for (const [name, { data }] of this.sets[this.current]) {
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
			(data as Float32Array).set(values);
		}
	}
}
