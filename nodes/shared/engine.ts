import type { IExecuteFunctions } from 'n8n-workflow';
import { openEngine, type CallOptions, type Engine } from '../../src/engine/host';
import type { WorkersConnection } from '../../src/workers/connection';
import { workersEngine } from '../../src/workers/workersEngine';
import { readWorkers } from './workers';

/** The n8n functions that are enough to reach the engine; a webhook's will do as well. */
export type EngineContext = Pick<IExecuteFunctions, 'logger'>;

type Call = (request: unknown, options?: CallOptions) => Promise<unknown>;

/**
 * The engine process of this n8n process, shared by all executions and all our nodes; it starts at the first call of its functions.
 * What it prints meanwhile goes to n8n's log, unless a call has an `onLog` of its own.
 */
export function engineFor({ logger }: EngineContext): Engine {
	const onLog = (line: string): void => {
		logger.debug(`Dinomaly engine: ${line}`);
	};
	return new Proxy(openEngine(), {
		get(engine, name) {
			const member: unknown = Reflect.get(engine, name);
			if (typeof member !== 'function' || name === 'close') return member;
			const call = member as Call;
			return (request: unknown, options: CallOptions = {}) => call(request, { onLog, ...options });
		},
	});
}

/** The engine that the options of item `index` ask for: workers that are found through Redis, or this process's own. */
export async function engineAt(context: IExecuteFunctions, index: number): Promise<Engine> {
	const workers = await readWorkers(context, index);
	return workers === undefined ? engineFor(context) : workersEngineFor(context, workers);
}

/** The engine of workers; what they do not do for others is this process's. */
export function workersEngineFor(context: EngineContext, workers: WorkersConnection): Engine {
	return workersEngine(workers, engineFor(context));
}
