import type { Value } from '../runtime/session';

/** What computes training steps: a session of ONNX Runtime, or something that takes and gives the same tensors. */
export interface StepSession {
	/** What it computes on, for the model's card. */
	readonly device: string;
	/** What to expect of it, in one sentence; absent when there is nothing to say. */
	readonly remark?: string;
	/** Runs a step on the inputs of `buildTrainingStep`; its outputs are written to the given arrays. */
	run(
		feeds: Readonly<Record<string, Value>>,
		into: Readonly<Record<string, Value | null>>,
	): Promise<Record<string, Value>>;
	release(): Promise<void>;
}
