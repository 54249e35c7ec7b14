/**
 * ONNX Runtime writes an output to the array that a caller gives, and its Node.js binding (up to 1.30) then copies that array into a new one all the
 * same: for the state of a training a twentieth of every step, and a third of a gigabyte. The binding hands outputs over in the model's order and
 * stops at one that is no tensor, by which time all of them have been written. A model whose first output is a sequence of this name
 * (`serialise`'s `sequenceOutput`) is therefore run without a copy when that output is asked for, which ends in the error below. A binding that
 * can hand over sequences ends without it, with the same numbers in the arrays.
 */
export const SEQUENCE_OUTPUT = 'handOver';

/** What the binding says of an output that is no tensor, after the run itself has succeeded. */
const NO_TENSOR = 'Non tensor type is temporarily not supported';

/** Whether a run failed only when its outputs were to be handed over. */
export function failedAtHandOver(error: unknown): boolean {
	return String(error).includes(NO_TENSOR);
}
