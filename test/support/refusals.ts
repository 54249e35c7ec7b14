import { DinomalyError } from '../../src/errors';

/** The error that a call throws; fails when it throws none of ours. */
export function refusalOf(call: () => unknown): DinomalyError {
	try {
		call();
	} catch (error) {
		if (error instanceof DinomalyError) return error;
		throw error;
	}
	throw new Error('Expected a DinomalyError, nothing was thrown');
}

/** As `refusalOf`, for a call that may take its time. */
export async function refusal(call: () => unknown): Promise<DinomalyError> {
	try {
		await call();
	} catch (error) {
		if (error instanceof DinomalyError) return error;
		throw error;
	}
	throw new Error('Expected a DinomalyError, nothing was thrown');
}
