import type { IExecuteFunctions } from 'n8n-workflow';

/** Often enough to see that it goes on, seldom enough for a log. */
const EVERY_MS = 5000;

/** Writes progress to n8n's log every few seconds: `what` reads on before "12 of 420". */
export function logProgress(
	{ logger }: IExecuteFunctions,
	what: string,
): (done: number, total: number) => void {
	let lastAt = Date.now();
	return (done, total) => {
		if (Date.now() - lastAt < EVERY_MS) return;
		lastAt = Date.now();
		logger.info(`Dinomaly: ${what} ${done} of ${total}`);
	};
}
