import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkersConnection } from '../../src/workers/connection';
import type { Pace } from '../../src/workers/pace';
import type { DataFolder } from '../../src/workers/places';
import type { StoreConnection } from '../../src/store/objects/connection';

const SUPPORT = join(__dirname, '..', 'support');

/** As the real one, but hours are seconds: who is killed in a test is missed soon. */
export const FAST: Pace = { signOfLifeMs: 300, goneMs: 2000, holdMs: 1500, watchMs: 50, lookMs: 250 };

export interface WorkerProcess {
	readonly pid: number;
	/** Lines that it printed so far. */
	readonly lines: readonly string[];
	/** Resolves once a line contains the text. */
	until(text: string): Promise<void>;
	kill(signal: NodeJS.Signals): Promise<void>;
}

const started = new Set<ChildProcess>();

/** Starts a worker in a process of its own and waits until it is ready. */
export async function startWorkerProcess(options: {
	readonly connection: WorkersConnection;
	readonly store: string | { readonly connection: StoreConnection; readonly home: string };
	readonly dataFolders?: readonly DataFolder[];
	readonly pace?: Pace;
	readonly engine: 'fakeEngine.cjs' | 'realEngine.cjs';
	readonly lanes?: readonly string[];
	readonly env?: Readonly<Record<string, string>>;
}): Promise<WorkerProcess> {
	const { env, ...told } = options;
	const args = [join(SUPPORT, 'workerHost.cjs'), JSON.stringify({ pace: FAST, ...told })];
	const child = spawn(process.execPath, args, {
		stdio: ['ignore', 'pipe', 'inherit'],
		env: { ...process.env, ...env },
	});
	started.add(child);
	const gone = new Promise<void>((resolve) => {
		child.once('close', () => {
			started.delete(child);
			resolve();
		});
	});
	const lines: string[] = [];
	const heard = new Set<() => void>();
	let rest = '';
	child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
		const parts = (rest + chunk).split('\n');
		rest = parts.pop() ?? '';
		lines.push(...parts);
		for (const hear of [...heard]) hear();
	});
	const until = (text: string): Promise<void> =>
		new Promise((resolve, reject) => {
			const hear = (): void => {
				if (!lines.some((line) => line.includes(text))) return;
				heard.delete(hear);
				resolve();
			};
			heard.add(hear);
			void gone.then(() => {
				reject(
					new Error(
						`Expected the worker to say "${text}", found that it ended:\n${lines.join('\n')}`,
					),
				);
			});
			hear();
		});
	await until('ready');
	return {
		pid: child.pid ?? 0,
		lines,
		until,
		kill: async (signal) => {
			child.kill(signal);
			await gone;
		},
	};
}

export function killWorkerProcesses(): void {
	for (const child of started) child.kill('SIGKILL');
}

export function newFolder(): { readonly path: string; readonly remove: () => void } {
	const path = mkdtempSync(join(tmpdir(), 'dinomaly-workers-'));
	return {
		path,
		remove: () => {
			rmSync(path, { recursive: true, force: true, maxRetries: 5 });
		},
	};
}

/** Resolves once the condition holds. */
export async function eventually(holds: () => boolean | Promise<boolean>, ms = 20_000): Promise<void> {
	const deadline = Date.now() + ms;
	while (!(await holds())) {
		if (Date.now() > deadline)
			throw new Error('Expected the condition to hold in time, found that it does not');
		await new Promise((resolve) => setTimeout(resolve, 30));
	}
}
