/** Every failure that a user can cause or mend, by name; nodes and the command line branch on these. */
export type ErrorCode =
	| 'USAGE'
	| 'INPUT_MISSING'
	| 'IMAGE_UNREADABLE'
	| 'IMAGE_TOO_LARGE'
	| 'IMAGE_EXISTS'
	| 'DATASET_EMPTY'
	| 'DATASET_LAYOUT'
	| 'MASK_MISMATCH'
	| 'ZONE_MISMATCH'
	| 'CATEGORY_UNKNOWN'
	| 'CONFIG_INVALID'
	| 'CALIBRATION_SHORT'
	| 'ENCODER_UNKNOWN'
	| 'ENCODER_INVALID'
	| 'DOWNLOAD_FAILED'
	| 'HASH_MISMATCH'
	| 'WEIGHTS_INVALID'
	| 'MODEL_NOT_FOUND'
	| 'MODEL_EXISTS'
	| 'MODEL_INVALID'
	| 'ALIAS_MOVED'
	| 'STORE_BUSY'
	| 'STORE_UNREACHABLE'
	| 'STORE_REFUSED'
	| 'SERVER_UNREACHABLE'
	| 'SERVER_REFUSED'
	| 'QUEUE_UNREACHABLE'
	| 'QUEUE_REFUSED'
	| 'QUEUE_FULL'
	| 'WORKERS_MISSING'
	| 'GATE_FAILED'
	| 'DISK_FULL'
	| 'MEMORY_SHORT'
	| 'LOSS_NOT_FINITE'
	| 'SCORE_NOT_FINITE'
	| 'RUNTIME_MISSING'
	| 'DEVICE_UNAVAILABLE'
	| 'PRECISION_UNAVAILABLE'
	| 'ENGINE_DIED'
	| 'CANCELLED'
	| 'GRAPH_SHAPE';

/** One sentence: what was expected, what was found; `hint` says what to do about it. */
export class DinomalyError extends Error {
	override readonly name = 'DinomalyError';
	readonly code: ErrorCode;
	readonly hint: string | undefined;

	constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
		super(message, options.cause === undefined ? undefined : { cause: options.cause });
		this.code = code;
		this.hint = options.hint;
	}
}

/** What went wrong, in words; anything can be thrown. */
export function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
