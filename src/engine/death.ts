import type { WireError } from './protocol';

export interface Death {
	readonly code: number | null;
	readonly signal: NodeJS.Signals | null;
	/** What the process itself reported before it exited. */
	readonly fatal?: WireError;
	/** Why it never started. */
	readonly startError?: Error;
	/** The last lines that it printed. */
	readonly output: string;
}

const CRASH_SIGNALS = new Set<NodeJS.Signals>(['SIGSEGV', 'SIGBUS', 'SIGABRT', 'SIGFPE', 'SIGTRAP']);
/** Windows has no signals: a crash is an exit code (STATUS_ACCESS_VIOLATION, abort()). */
const WINDOWS_CRASH_CODES = new Set([0xc0000005, 134]);
const HEAP_EXHAUSTED = /heap out of memory|bad_alloc|Cannot allocate memory/i;

const MEMORY_HINT =
	'Use a smaller batch size, crop size or encoder, or give the machine more memory; a training carries on from its last ' +
	'checkpoint with Resume.';
const CRASH_HINT =
	'Run the doctor command (or set the device to CPU) to see whether the device or its driver is the cause.';
const RETRY_HINT =
	'The next call starts a fresh engine; a training carries on from its last checkpoint with Resume.';

/** The error of every job that was in an engine process when it died: one sentence on how it died, and what to do. */
export function describeDeath(death: Death): WireError {
	const { how, hint } = diagnose(death);
	const said = death.output === '' ? '' : ` Its last output:\n${death.output}`;
	return {
		code: 'ENGINE_DIED',
		message: `Expected the engine process to finish the job, found that it ${how}`,
		hint: hint + said,
		stack: death.fatal?.stack,
	};
}

function diagnose({ code, signal, fatal, startError, output }: Death): { how: string; hint: string } {
	if (startError !== undefined) {
		return {
			how: `could not be started (${startError.message})`,
			hint: 'Check the free memory and the limit on processes.',
		};
	}
	if (HEAP_EXHAUSTED.test(output))
		return { how: `ran out of memory (${ending(code, signal)})`, hint: MEMORY_HINT };
	if (fatal !== undefined)
		return { how: `stopped on an unexpected error: ${fatal.message}`, hint: RETRY_HINT };
	if (signal === 'SIGKILL')
		return { how: 'was killed by SIGKILL, most likely out of memory', hint: MEMORY_HINT };
	if (signal === 'SIGILL') {
		return {
			how: 'was stopped by SIGILL: this processor lacks an instruction it needs',
			hint: CRASH_HINT,
		};
	}
	if (signal !== null && CRASH_SIGNALS.has(signal))
		return { how: `crashed in native code (${signal})`, hint: CRASH_HINT };
	if (code !== null && WINDOWS_CRASH_CODES.has(code)) {
		return { how: `crashed in native code (exit code ${code})`, hint: CRASH_HINT };
	}
	return { how: ending(code, signal), hint: RETRY_HINT };
}

function ending(code: number | null, signal: NodeJS.Signals | null): string {
	return signal === null ? `exited with code ${String(code)}` : `was ended by ${signal}`;
}
