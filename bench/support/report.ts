import * as os from 'node:os';
import { readFileSync } from 'node:fs';
import { describeRuntime } from '../../src/runtime/session';

/** Prints what the figures below were measured on. */
export function printMachine(): void {
	const [cpu] = os.cpus();
	console.log(
		`machine  ${cpu.model}, ${os.cpus().length} cores, ${(os.totalmem() / 2 ** 30).toFixed(0)} GiB, ${os.platform()}-${os.arch()}`,
	);
	console.log(`versions node ${process.version}, onnxruntime-node ${describeRuntime().version}`);
	console.log(`date     ${new Date().toISOString().slice(0, 10)}`);
}

export interface Spread {
	readonly median: number;
	readonly least: number;
	readonly most: number;
	readonly n: number;
}

export function spreadOf(values: readonly number[]): Spread {
	const sorted = [...values].sort((a, b) => a - b);
	return {
		median: sorted[sorted.length >> 1],
		least: sorted[0],
		most: sorted[sorted.length - 1],
		n: sorted.length,
	};
}

/** "412 ms (398 to 451, n=9)". */
export function milliseconds({ median, least, most, n }: Spread): string {
	return `${median.toFixed(0)} ms (${least.toFixed(0)} to ${most.toFixed(0)}, n=${n})`;
}

/** Largest resident memory of this process so far, GB; null where the system does not tell. */
export function peakMemoryGb(): number | null {
	try {
		const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'));
		return line ? Number(line[1]) / 1e6 : null;
	} catch {
		return null;
	}
}
