import type { IExecuteFunctions } from 'n8n-workflow';
import type { TrainProgress } from '../../src/training/request';

/** A line this often, or whenever another twentieth is done, whichever is later. */
const EVERY_MS = 10_000;
const EVERY_SHARE = 0.05;

/** Makes a few lines of text of a training's many reports. */
export function progressLines(write: (line: string) => void): (progress: TrainProgress) => void {
	let phase = '';
	let share = 0;
	let at = 0;
	return (progress) => {
		const { model, notice, done, total } = progress;
		if (notice !== undefined) {
			write(`training "${model}": ${notice}`);
			return;
		}
		const now = Date.now();
		const current = total === 0 ? 0 : done / total;
		const isNew = phase !== `${model} ${progress.phase}`;
		const isDue = now - at >= EVERY_MS && current - share >= EVERY_SHARE;
		if (!isNew && !isDue && !(done === total && share < 1)) return;
		phase = `${model} ${progress.phase}`;
		share = current;
		at = now;
		write(`training "${model}": ${describe(progress)}`);
	};
}

/** Writes progress to n8n's log and, in a manual run, to the console of the browser that started it. */
export function logTo(
	context: Pick<IExecuteFunctions, 'logger' | 'sendMessageToUI'>,
): (line: string) => void {
	return (line) => {
		context.logger.info(`Dinomaly: ${line}`);
		context.sendMessageToUI(`Dinomaly: ${line}`);
	};
}

function describe({ phase, done, total, loss, imagesPerSecond, etaSeconds }: TrainProgress): string {
	const parts = [`${phase} ${done} of ${total}`];
	if (loss !== undefined) parts.push(`loss ${loss.toPrecision(3)}`);
	if (imagesPerSecond !== undefined) parts.push(`${imagesPerSecond.toPrecision(3)} images/s`);
	if (etaSeconds !== undefined) parts.push(`${Math.round(etaSeconds)} s left`);
	return parts.join(', ');
}
