import { DinomalyError, messageOf } from '../../../src/errors';
import type { Random } from '../../../src/random';
import { randomFor } from './mutate';

/** A parser, and what makes hostile input for it. */
export interface FuzzTarget<T> {
	readonly input: (random: Random) => T;
	readonly parse: (input: T) => unknown;
	/** How a failing input is shown, so that it can be made a test of its own. */
	readonly show?: (input: T) => string;
	/** Share of the usual number of runs, for parsers that take longer. */
	readonly share?: number;
}

const RUNS = Number(process.env.DINOMALY_FUZZ_RUNS ?? 150);
const SEED = Number(process.env.DINOMALY_FUZZ_SEED ?? 1);
/** Inputs have some kilobytes: any that takes longer grows faster than its input. */
const LONGEST_MS = 1500;
/** Inputs have some kilobytes: more was allocated because the input claimed it. */
const MOST_BYTES = 64 << 20;
const LONGEST_MESSAGE = 1000;

/**
 * Declares a test that gives a parser hostile input, DINOMALY_FUZZ_RUNS times (150), the same for the same DINOMALY_FUZZ_SEED (1). It must
 * return or throw a DinomalyError with a message of one line, in a second, without allocating what the input merely claims.
 */
export function fuzz<T>(name: string, { input, parse, show = shown, share = 1 }: FuzzTarget<T>): void {
	const runs = Math.max(20, Math.round(RUNS * share));
	test(
		`${name}: ${runs} hostile inputs`,
		async () => {
			for (let run = 0; run < runs; run++) {
				const given = input(randomFor(SEED, run));
				const problem = await confirmedProblemOf(() => parse(given));
				if (problem !== undefined)
					throw new Error(`Run ${run} of seed ${SEED}: ${problem.what}\n${show(given)}`, {
						cause: problem.cause,
					});
			}
		},
		Math.max(60_000, runs * 100),
	);
}

/** A busy machine makes a single look slow or large: what a parser costs by itself shows every time. */
async function confirmedProblemOf(parse: () => unknown): Promise<ProblemFound | undefined> {
	let problem = await problemOf(parse);
	for (let look = 1; problem?.isCost && look < 3; look++) problem = await problemOf(parse);
	return problem;
}

interface ProblemFound {
	readonly what: string;
	/** Time or memory, which depend on the moment. */
	readonly isCost?: boolean;
	readonly cause?: unknown;
}

async function problemOf(parse: () => unknown): Promise<ProblemFound | undefined> {
	const before = allocated();
	const start = performance.now();
	let thrown: unknown;
	try {
		const result = parse();
		if (result instanceof Promise) await result;
	} catch (error) {
		thrown = error;
	}
	const milliseconds = performance.now() - start;
	const grown = allocated() - before;
	if (thrown !== undefined && !(thrown instanceof DinomalyError))
		return { what: `threw ${messageOf(thrown).slice(0, 300)}`, cause: thrown };
	if (thrown !== undefined && !isSentence(thrown.message))
		return {
			what: `a message of ${thrown.message.length} characters: ${JSON.stringify(thrown.message.slice(0, 300))}`,
			cause: thrown,
		};
	if (milliseconds > LONGEST_MS) return { what: `took ${milliseconds.toFixed(0)} ms`, isCost: true };
	if (grown > MOST_BYTES) return { what: `allocated ${grown} bytes`, isCost: true };
	return undefined;
}

/** One line that garbles neither a terminal nor a log. */
function isSentence(message: string): boolean {
	return message !== '' && message.length <= LONGEST_MESSAGE && !/\p{Cc}/u.test(message);
}

function allocated(): number {
	const { heapUsed, arrayBuffers } = process.memoryUsage();
	return heapUsed + arrayBuffers;
}

function shown(input: unknown): string {
	if (input instanceof Uint8Array)
		return `base64 ${Buffer.from(input).toString('base64').slice(0, 20_000)}`;
	return String(input).slice(0, 5000);
}
