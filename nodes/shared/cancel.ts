import type { IExecuteFunctions } from 'n8n-workflow';
import { DinomalyError } from '../../src/errors';
import { isDinomalyError } from './failure';

type Cancellable = Pick<IExecuteFunctions, 'getExecutionCancelSignal'>;

/** Fires when the user stops the execution; pass it to every call of the engine. */
export function cancelSignal(context: Cancellable): AbortSignal | undefined {
	return context.getExecutionCancelSignal();
}

/** Throws CANCELLED when the user has stopped the execution. */
export function throwIfCancelled(context: Cancellable): void {
	if (cancelSignal(context)?.aborted !== true) return;
	throw new DinomalyError(
		'CANCELLED',
		'Expected the execution to run to its end, found that it was stopped',
	);
}

/** Whether an error is the end of a stopped execution; such an error is never an item's own failure. */
export function isCancellation(context: Cancellable, error: unknown): boolean {
	if (isDinomalyError(error) && error.code === 'CANCELLED') return true;
	return cancelSignal(context)?.aborted === true;
}
