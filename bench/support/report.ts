import * as os from 'node:os';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { packageVersion } from '../../src/packageVersion';
import { loadNative } from '../../src/runtime/native';
import { describeRuntime } from '../../src/runtime/session';

// As the engine process does: onnxruntime-node 1.30 refuses float16 inputs where this class exists (Node 24).
Reflect.deleteProperty(globalThis, 'Float16Array');

/** File that a benchmark's figures are written to beside what it prints; set by the runner. */
export const JSON_VARIABLE = 'DINOMALY_BENCH_JSON';

/** What was measured how often, on which machine at that moment. */
export interface Figure {
	/** "score, ViT-S reg4, 224 px, batch 1". */
	readonly what: string;
	/** "ms", "images/s", "GB", "times". */
	readonly unit: string;
	readonly value: Spread;
	/** Share of the rate that one large matrix product reached before and after each run, in percent. */
	readonly share?: Spread;
	/** That rate, GFLOP/s. */
	readonly productRate?: Spread;
}

/** Whether a promise was kept. */
export interface Verdict {
	readonly promise: string;
	readonly kept: boolean;
	/** How often it was broken. */
	readonly broken: number;
	/** How it was broken, some of it. */
	readonly sentences: readonly string[];
}

/** Prints figures as they come and keeps them for the file of figures. */
export class Report {
	private readonly figures: Figure[] = [];
	private readonly verdicts: Verdict[] = [];
	private readonly started = new Date();

	constructor(private readonly bench: string) {
		printMachine();
		console.log(`load     ${describeLoad()}`);
	}

	figure(figure: Figure): void {
		this.figures.push(figure);
		const { what, unit, value, share, productRate } = figure;
		const beside =
			share && productRate
				? `, ${percent(share)} of the product's ${productRate.median.toFixed(0)} GFLOP/s`
				: '';
		console.log(`${what}: ${describeSpread(value, unit)}${beside}`);
		this.save();
	}

	verdict(verdict: Verdict): void {
		this.verdicts.push(verdict);
		const { promise, kept, broken, sentences } = verdict;
		console.log(`${kept ? 'kept  ' : 'BROKEN'} ${promise}${kept ? '' : ` (${broken} times)`}`);
		for (const sentence of sentences) console.log(`       - ${sentence}`);
		this.save();
	}

	/** Says how much memory this process has taken at most. */
	end(): void {
		const memory = peakMemoryGb();
		if (memory !== null)
			this.figure({ what: 'memory of this process at most', unit: 'GB', value: spreadOf([memory]) });
	}

	/** Writes what there is so far to the file when one is asked for, so that a run that is cut off leaves its figures. */
	private save(): void {
		const file = process.env[JSON_VARIABLE];
		if (file === undefined) return;
		const content = {
			bench: this.bench,
			date: this.started.toISOString(),
			load: os.loadavg(),
			...describeMachine(),
			figures: this.figures,
			...(this.verdicts.length > 0 && { verdicts: this.verdicts }),
		};
		mkdirSync(path.dirname(file), { recursive: true });
		writeFileSync(file, `${JSON.stringify(content, null, '\t')}\n`);
	}
}

function describeMachine(): { machine: object; versions: object } {
	const processors = os.cpus();
	return {
		machine: {
			processor: processors.at(0)?.model ?? 'unknown',
			cores: processors.length,
			memoryGiB: Math.round(os.totalmem() / 2 ** 30),
			platform: `${os.platform()}-${os.arch()}`,
		},
		versions: {
			package: packageVersion(),
			node: process.version,
			onnxruntime: describeRuntime().version,
			sharp: (loadNative('sharp') as { versions: { sharp: string } }).versions.sharp,
		},
	};
}

/** How busy the machine is with other work: figures of a busy one compare with nothing but each other. */
function describeLoad(): string {
	const [minute] = os.loadavg();
	return `${minute.toFixed(1)} in the last minute, ${minute < 1.5 ? 'calm' : 'busy with other work'}`;
}

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

/** "412 ms (398 to 451, n=9)"; three digits that count. */
function describeSpread({ median, least, most, n }: Spread, unit: string): string {
	if (n === 1) return `${digits(median)} ${unit}`;
	return `${digits(median)} ${unit} (${digits(least)} to ${digits(most)}, n=${n})`;
}

function percent({ median, least, most }: Spread): string {
	return `${median.toFixed(1)} % (${least.toFixed(1)} to ${most.toFixed(1)})`;
}

function digits(value: number): string {
	return Math.abs(value) >= 100 ? value.toFixed(0) : Number(value.toPrecision(3)).toString();
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
