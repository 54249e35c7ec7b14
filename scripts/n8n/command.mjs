// Runs long commands so that people see them living, and ends them with this process.
import { spawn } from 'node:child_process';

const BEAT_MS = 15_000;
const TAIL_LINES = 25;

/**
 * Runs a program to its end; says how long it has been running now and then, and shows the end of its output only when it fails.
 * @returns its standard output
 */
export async function runQuietly(title, program, args, { cwd, env, log = console.log } = {}) {
	const began = Date.now();
	log(`${title} ...`);
	const beat = setInterval(() => log(`  ... ${seconds(began)}`), BEAT_MS);
	try {
		const output = await collect(program, args, { cwd, env });
		log(`  done in ${seconds(began)}`);
		return output;
	} finally {
		clearInterval(beat);
	}
}

/** Runs a program to its end and gives its standard output. */
export function collect(program, args, { cwd, env } = {}) {
	return new Promise((resolve, reject) => {
		// npm is a script on Windows, and takes a shell, which splits words at blanks.
		const shell = process.platform === 'win32' && !program.endsWith('.exe');
		const words = shell ? args.map((word) => (word.includes(' ') ? `"${word}"` : word)) : args;
		const child = spawn(program, words, { cwd, env, shell, stdio: ['ignore', 'pipe', 'pipe'] });
		const end = () => child.kill();
		process.once('exit', end);
		let [stdout, all] = ['', ''];
		child.stdout.on('data', (chunk) => {
			stdout += chunk;
			all += chunk;
		});
		child.stderr.on('data', (chunk) => (all += chunk));
		child.on('error', (cause) => reject(new Error(`Could not run ${program}: ${cause.message}`)));
		child.on('close', (code, signal) => {
			process.off('exit', end);
			if (code === 0) resolve(stdout);
			else reject(new CommandFailed([program, ...args].join(' '), code ?? signal, all));
		});
	});
}

export class CommandFailed extends Error {
	constructor(command, code, output) {
		const tail = output.trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
		super(`Expected "${command}" to succeed, found that it ended with ${code}:\n${tail}`);
		this.output = output;
	}
}

function seconds(began) {
	return `${Math.round((Date.now() - began) / 1000)} s`;
}
