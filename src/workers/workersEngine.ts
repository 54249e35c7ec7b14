import { areOutcomes, readReply } from '../engine/answers';
import type { CallOptions, CountOptions, Engine } from '../engine/host';
import { unexpected } from '../engine/inbox';
import { fromWireError, readWireError, type JobEvent } from '../engine/protocol';
import { callWorkers } from './call';
import type { WorkersConnection } from './connection';
import { Desk } from './desk';
import type { RemoteJob } from './lanes';
import { DEFAULT_PACE, type Pace } from './pace';

const DEFAULT_GRACE_MS = 10_000;

/**
 * An engine whose scores, evaluations and trainings are computed by workers that are found through Redis; the rest is done by `local`. Same calls,
 * same results, same errors; beside these QUEUE_UNREACHABLE, QUEUE_REFUSED, QUEUE_FULL and WORKERS_MISSING.
 *
 * @example
 * const engine = workersEngine(checkWorkersConnection({ url: 'redis://gpu-1' }), openEngine());
 * const outcomes = await engine.score({ store, model: 'bolts', images });
 */
export function workersEngine(
	connection: WorkersConnection,
	local: Engine,
	pace: Pace = DEFAULT_PACE,
): Engine {
	const call = async (
		name: RemoteJob,
		request: object,
		{ signal, graceMs = DEFAULT_GRACE_MS }: CallOptions,
		onEvent: (event: JobEvent) => void = () => undefined,
	): Promise<unknown> => {
		const reply = await Desk.use(connection, pace, (desk) =>
			callWorkers(desk, name, {
				request: request as Readonly<Record<string, unknown>>,
				hooks: { signal, graceMs, onEvent },
			}),
		);
		if (!reply.ok) throw fromWireError(readWireError(reply.error));
		// Outcomes travel as the answer itself here; the rest is as an engine beside the host gives it.
		if (name !== 'score') readReply(name, reply);
		return reply.value;
	};
	const remote: Pick<Engine, RemoteJob> = {
		score: async (request, options = {}) => {
			const outcomes = await call('score', request, options);
			const count = request.images.length;
			if (!areOutcomes(outcomes, count)) throw unexpected(`the outcomes of ${count} images`, outcomes);
			for (const [index, outcome] of outcomes.entries()) options.onOutcome?.(outcome, index);
			return outcomes;
		},
		lossCurve: (request, options = {}) =>
			call('lossCurve', request, options) as ReturnType<Engine['lossCurve']>,
		evaluate: (request, options = {}) =>
			call('evaluate', request, options, counted(options)) as ReturnType<Engine['evaluate']>,
		train: (request, options = {}) =>
			call('train', request, options, (event) => {
				if (event.kind === 'progress') options.onProgress?.(event.progress);
			}) as ReturnType<Engine['train']>,
	};
	return new Proxy(local, {
		get: (engine, name): unknown => Reflect.get(remote, name) ?? Reflect.get(engine, name),
	});
}

function counted({ onProgress }: CountOptions): (event: JobEvent) => void {
	return (event) => {
		if (event.kind === 'count') onProgress?.(event.done, event.total);
	};
}
