import { DinomalyError } from '../errors';

/** How many images are computed together on a device other than the CPU, and how long one waits for others. */
export interface BatchLimits {
	/** Images of one run at most; 1: alone, at once. */
	readonly size: number;
	/** Longest time that an image waits for others while nothing is computed, milliseconds. */
	readonly waitMs: number;
}

export const DEFAULT_LIMITS: BatchLimits = { size: 16, waitMs: 20 };

/**
 * Images per run that sessions are made for: each holds the weights once more on the device. Between 1 and 16 lies nearly all of what
 * batches bring (docs/performance.md).
 */
export const BATCH_SIZES = [1, 4, 16, 64];

export const LARGEST_BATCH = Math.max(...BATCH_SIZES);

const LONGEST_WAIT_MS = 1000;

/** @throws CONFIG_INVALID for limits that are no whole number of images or a wait of more than a second */
export function checkBatching({ size, waitMs }: BatchLimits): BatchLimits {
	if (!Number.isInteger(size) || size < 1 || size > LARGEST_BATCH)
		throw invalid(`a batch size from 1 to ${LARGEST_BATCH}`, size);
	if (!(waitMs >= 0 && waitMs <= LONGEST_WAIT_MS))
		throw invalid(`a batch wait from 0 to ${LONGEST_WAIT_MS} ms`, waitMs);
	return { size, waitMs };
}

function invalid(expected: string, found: number): DinomalyError {
	return new DinomalyError('CONFIG_INVALID', `Expected ${expected}, found ${found}`, {
		hint: `Leave it out for ${DEFAULT_LIMITS.size} images and ${DEFAULT_LIMITS.waitMs} ms.`,
	});
}
