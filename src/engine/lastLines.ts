import type { Readable } from 'node:stream';

const KEPT_LINES = 20;
/** A line longer than this is noise (a dumped buffer), and would fill an error message. */
const MAX_LINE_LENGTH = 400;

/** The last lines that a process printed: what it said before it died. */
export class LastLines {
	readonly #lines: string[] = [];
	readonly #onLine: (line: string) => void;

	constructor(onLine: (line: string) => void) {
		this.#onLine = onLine;
	}

	/** Collects the lines of a stream, without the line breaks and without empty ones. */
	watch(stream: Readable): void {
		let rest = '';
		stream.setEncoding('utf8');
		stream.on('data', (text: string) => {
			const parts = (rest + text).split(/\r?\n/);
			rest = (parts.pop() ?? '').slice(0, MAX_LINE_LENGTH);
			for (const line of parts) this.#add(line);
		});
		stream.on('end', () => {
			this.#add(rest);
			rest = '';
		});
	}

	toString(): string {
		return this.#lines.join('\n');
	}

	#add(line: string): void {
		if (line.trim() === '') return;
		const kept = line.slice(0, MAX_LINE_LENGTH);
		this.#lines.push(kept);
		if (this.#lines.length > KEPT_LINES) this.#lines.shift();
		this.#onLine(kept);
	}
}
