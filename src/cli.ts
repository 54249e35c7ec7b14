#!/usr/bin/env node
import { main } from './cli/main';
import { openEngine } from './engine/host';

/** A service manager's stop means the same as a first Ctrl-C. */
const STOP_SIGNALS = ['SIGINT', 'SIGTERM'] as const;

// A reader that has seen enough (such as "head") closes the pipe: that is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
	if (error.code !== 'EPIPE') throw error;
	process.exit(0);
});

void main(process.argv.slice(2), {
	stdout: process.stdout,
	stderr: process.stderr,
	env: process.env,
	cwd: process.cwd(),
	openEngine,
	onInterrupt: (handler) => {
		for (const signal of STOP_SIGNALS) process.on(signal, handler);
		return () => {
			for (const signal of STOP_SIGNALS) process.off(signal, handler);
		};
	},
	exit: (code) => process.exit(code),
}).then((code) => {
	process.exitCode = code;
});
