import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const HOOK = join(__dirname, '../../support/typescript.cjs');

/** Starts a TypeScript file of this folder as a Node process of its own; its messages come over IPC. */
export function start(script: string, ...args: string[]): ChildProcess {
	const path = join(__dirname, script);
	const code = `require(${JSON.stringify(HOOK)}); require(${JSON.stringify(path)});`;
	return spawn(process.execPath, ['-e', code, ...args], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
}

/** Resolves with the exit code; null for a process that was killed. */
export async function ended(child: ChildProcess): Promise<number | null> {
	if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
	const [code] = (await once(child, 'exit')) as [number | null];
	return code;
}

/** Resolves with the next message of the process. */
export async function message(child: ChildProcess): Promise<unknown> {
	const [value] = (await once(child, 'message')) as [unknown];
	return value;
}
