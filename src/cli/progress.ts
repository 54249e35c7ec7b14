import type { TrainProgress } from '../training/request';
import type { TextOutput } from './io';
import { printable } from './table';

export interface ProgressReport {
	readonly train: (progress: TrainProgress) => void;
	readonly count: (what: string, done: number, total: number) => void;
	/** A calm line for the user. */
	readonly note: (line: string) => void;
	/** Ends a bar that is still drawn, so that a result can follow. */
	readonly end: () => void;
}

type Update = Pick<TrainProgress, 'done' | 'total' | 'loss' | 'imagesPerSecond' | 'etaSeconds'> & {
	readonly label: string;
};

const BAR_WIDTH = 24;
/** Where no bar can be drawn, a line this often tells that something goes on. */
const LINE_EVERY_MS = 5000;
const BAR_EVERY_MS = 80;

/** Progress on standard error: JSON lines with --json, a bar on a terminal, now and then a line elsewhere. */
export function openProgress(output: TextOutput, json: boolean): ProgressReport {
	if (json) return jsonLines(output);
	return output.isTTY === true ? bar(output) : plainLines(output);
}

function jsonLines(output: TextOutput): ProgressReport {
	const print = (value: object): void => {
		output.write(`${JSON.stringify(value)}\n`);
	};
	return {
		train: (progress) => {
			print({ event: 'progress', ...progress });
		},
		count: (what, done, total) => {
			print({ event: 'progress', phase: what, done, total });
		},
		note: (notice) => {
			print({ event: 'notice', notice });
		},
		end: () => undefined,
	};
}

function bar(output: TextOutput): ProgressReport {
	let drawnAt = -Infinity;
	let label = '';
	const clear = '\r\u001b[K';
	const draw = (update: Update): void => {
		const now = performance.now();
		const isNews = update.label !== label || update.done >= update.total;
		if (!isNews && now - drawnAt < BAR_EVERY_MS) return;
		if (label !== '' && update.label !== label) output.write('\n'); // the bar of the phase before stays as it was
		drawnAt = now;
		label = update.label;
		const filled =
			update.total > 0
				? Math.floor((BAR_WIDTH * Math.min(update.done, update.total)) / update.total)
				: 0;
		const text = `${update.label} [${'#'.repeat(filled).padEnd(BAR_WIDTH, '.')}] ${describe(update)}`;
		output.write(clear + text.slice(0, (output.columns ?? 80) - 1));
	};
	const note = (line: string): void => {
		output.write(`${label === '' ? '' : clear}${printable(line)}\n`);
		drawnAt = -Infinity;
	};
	return {
		train: (progress) => {
			if (progress.notice === undefined) draw({ ...progress, label: labelOf(progress) });
			else note(progress.notice);
		},
		count: (what, done, total) => {
			draw({ label: what, done, total });
		},
		note,
		end: () => {
			if (label !== '') output.write('\n');
			label = '';
		},
	};
}

function plainLines(output: TextOutput): ProgressReport {
	let printedAt = -Infinity;
	let label = '';
	const line = (update: Update): void => {
		const now = performance.now();
		const isNews = update.label !== label || update.done >= update.total;
		if (!isNews && now - printedAt < LINE_EVERY_MS) return;
		printedAt = now;
		label = update.label;
		output.write(`${update.label} ${describe(update)}\n`);
	};
	const note = (text: string): void => {
		output.write(`${printable(text)}\n`);
	};
	return {
		train: (progress) => {
			if (progress.notice === undefined) line({ ...progress, label: labelOf(progress) });
			else note(progress.notice);
		},
		count: (what, done, total) => {
			line({ label: what, done, total });
		},
		note,
		end: () => undefined,
	};
}

function labelOf({ model, phase }: TrainProgress): string {
	return printable(`${model} ${phase}`);
}

function describe({ done, total, loss, imagesPerSecond, etaSeconds }: Update): string {
	const parts = [`${done}/${total}`];
	if (loss !== undefined) parts.push(`loss ${loss.toFixed(4)}`);
	if (imagesPerSecond !== undefined) parts.push(`${imagesPerSecond.toFixed(1)} images/s`);
	if (etaSeconds !== undefined) parts.push(`ETA ${duration(etaSeconds)}`);
	return parts.join('  ');
}

/** Seconds as 0:42, 3:07 or 1:02:03. */
export function duration(seconds: number): string {
	const whole = Math.max(0, Math.round(seconds));
	const minutes = Math.floor(whole / 60) % 60;
	const hours = Math.floor(whole / 3600);
	const rest = String(whole % 60).padStart(2, '0');
	return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}
