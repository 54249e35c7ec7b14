import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';

/** Names the Python that has a peer's packages. */
const PYTHON_VARIABLE = 'DINOMALY_BENCH_PYTHON';
const SCRIPTS = path.join(__dirname, '..', '..', '..', 'bench', 'peers');

/** Another implementation in a process of its own, which works only when it is asked to. */
export interface Peer {
	/** "anomalib 2.7.0, PyTorch 2.11.0". */
	readonly versions: string;
	readonly threads: number;
	/** Milliseconds that a request took there. */
	readonly ask: (request: string) => Promise<number>;
	readonly memoryGb: () => Promise<number>;
	readonly end: () => Promise<void>;
}

/** @returns the peer, or why there is none */
export async function startPeer(script: string, args: readonly string[]): Promise<Peer | string> {
	const python = process.env[PYTHON_VARIABLE] ?? 'python3';
	const child = spawn(python, [path.join(SCRIPTS, script), ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
	let lastWords = '';
	child.stderr.on('data', (text: Buffer) => (lastWords = (lastWords + text.toString()).slice(-2000)));
	const gone = new Promise<Error>((resolve) => {
		child.once('error', resolve);
		child.once('exit', (code) => {
			const lastLine = lastWords.trim().split('\n').at(-1) ?? '';
			resolve(new Error(`${script} ended with code ${String(code)}: ${lastLine}`));
		});
	});
	child.stdin.on('error', () => undefined); // told by its end
	const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
	const next = async <T>(): Promise<T> => {
		const answer = await Promise.race([answers.next(), gone]);
		if (answer instanceof Error) throw answer;
		if (answer.done) throw await gone;
		return JSON.parse(answer.value) as T;
	};
	const ask = <T>(request: string): Promise<T> => {
		child.stdin.write(`${request}\n`);
		return next<T>();
	};
	try {
		const { versions, threads } = await next<{ versions: string; threads: number }>();
		return {
			versions,
			threads,
			ask: async (request) => (await ask<{ ms: number }>(request)).ms,
			memoryGb: async () => (await ask<{ gb: number }>('memory')).gb,
			end: async () => {
				child.stdin.end();
				await gone;
			},
		};
	} catch (error) {
		return `expected ${python} with anomalib and PyTorch (or another named by ${PYTHON_VARIABLE}), found: ${(error as Error).message}`;
	}
}
