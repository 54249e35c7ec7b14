import type { Value } from '../runtime/session';

/**
 * What computes training steps: a session of ONNX Runtime, or something that takes and gives the same tensors. Where the state of the
 * training stays on a device between steps, `run` neither reads nor writes the given arrays of it: `resident` says what to do then.
 */
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
	readonly resident?: ResidentState;
	release(): Promise<void>;
}

/** State that stays on a device. */
export interface ResidentState {
	/** Makes what the last run gave the state; without it the next run starts from the same state as the last. */
	advance(): void;
	/** Writes the state to the given arrays. */
	fetch(into: Readonly<Record<string, Value>>): Promise<void>;
	/** Lets the next run take the state from the arrays that it is given. */
	forget(): void;
}
