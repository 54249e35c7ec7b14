import { basename } from 'node:path';
import { LoggerProxy, type Logger } from 'n8n-workflow';
import { watchStores } from '../../src/jobs/watch';
import type { Workshop } from '../../src/jobs/detached';
import { defaultStore } from '../../src/store/paths';
import { engineFor } from '../shared/engine';
import { progressLines } from './progressLog';

/** Where jobs in the background are worked on: with this process's engine, and with n8n's log, which outlives the execution. */
export function workshopFor(logger: Logger): Workshop {
	const lines = new Map<string, ReturnType<typeof progressLines>>();
	const log = (line: string): void => {
		logger.info(`Dinomaly: ${line}`);
	};
	return {
		engine: () => engineFor({ logger }),
		log,
		onProgress: ({ id }, progress) => {
			const write = lines.get(id) ?? progressLines(log);
			lines.set(id, write);
			write(progress);
		},
	};
}

/**
 * Goes on, in this n8n server, with trainings in the background that were cut off with another or an earlier one. Does nothing in n8n's
 * commands that import, export or execute, nor in the main process of queue mode, whose work the workers do.
 */
export function recoverInThisServer(
	argv: readonly string[] = process.argv,
	environment: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
	if (!isWorkingServer(argv, environment)) return false;
	watchStores(defaultStore(environment), workshopFor(serverLogger()));
	return true;
}

/** Whether a process of these arguments is an n8n that runs executions. */
export function isWorkingServer(
	argv: readonly string[],
	environment: Readonly<Record<string, string | undefined>>,
): boolean {
	const [, program = '', command = 'start'] = argv;
	if (!/^n8n(\.\w+)?$/.test(basename(program))) return false;
	if (command === 'worker') return true;
	const isStart = command === 'start' || command.startsWith('-');
	return isStart && environment.EXECUTIONS_MODE !== 'queue';
}

/** No execution is there to lend its logger while n8n starts. */
function serverLogger(): Logger {
	const write = (line: string): void => {
		LoggerProxy.info(line);
	};
	return { error: write, warn: write, info: write, debug: write };
}
