import { basename } from 'node:path';
import { LoggerProxy, type Logger } from 'n8n-workflow';
import { watchStores } from '../../src/jobs/watch';
import type { Workshop } from '../../src/jobs/detached';
import { defaultStore } from '../../src/store/paths';
import { knownWorkers } from '../../src/workers/known';
import { engineFor, workersEngineFor } from '../shared/engine';
import { progressLines } from './progressLog';

/** Where jobs in the background are worked on: with this process's engine, and with n8n's log, which outlives the execution. */
export function workshopFor(logger: Logger): Workshop {
	const lines = new Map<string, ReturnType<typeof progressLines>>();
	const log = (line: string): void => {
		logger.info(`Dinomaly: ${line}`);
	};
	return {
		engine: ({ workers: name }) => {
			const workers = name === undefined ? undefined : knownWorkers(name);
			return workers === undefined ? engineFor({ logger }) : workersEngineFor({ logger }, workers);
		},
		canReach: ({ workers }) => workers === undefined || knownWorkers(workers) !== undefined,
		log,
		onProgress: ({ id }, progress) => {
			const write = lines.get(id) ?? progressLines(log);
			lines.set(id, write);
			write(progress);
		},
	};
}

/**
 * Goes on, in this n8n server, with trainings in the background that were cut off with another or an earlier one. In queue mode the workers
 * do that, and the processes that serve webhooks tell executions when their trainings have ended: a worker may not know the address.
 * Does nothing in n8n's commands that import, export or execute.
 */
export function recoverInThisServer(
	argv: readonly string[] = process.argv,
	environment: Readonly<Record<string, string | undefined>> = process.env,
): ServerRole | undefined {
	const role = roleOfServer(argv, environment);
	if (role === undefined) return undefined;
	const workshop = workshopFor(serverLogger());
	watchStores(defaultStore(environment), role === 'works' ? workshop : { ...workshop, engine: undefined });
	return role;
}

/** Whether a server runs executions, or only serves the webhooks of those that others run. */
export type ServerRole = 'works' | 'serves';

/** What an n8n process of these arguments does; undefined when it is no server. */
export function roleOfServer(
	argv: readonly string[],
	environment: Readonly<Record<string, string | undefined>>,
): ServerRole | undefined {
	const [, program = '', command = 'start'] = argv;
	if (!/^n8n(\.\w+)?$/.test(basename(program))) return undefined;
	if (command === 'worker') return 'works';
	if (command === 'webhook') return 'serves';
	if (command !== 'start' && !command.startsWith('-')) return undefined;
	return environment.EXECUTIONS_MODE === 'queue' ? 'serves' : 'works';
}

/** No execution is there to lend its logger while n8n starts. */
function serverLogger(): Logger {
	const write = (line: string): void => {
		LoggerProxy.info(line);
	};
	return { error: write, warn: write, info: write, debug: write };
}
