import type * as Birpc from 'birpc' with { 'resolution-mode': 'import' };
import type { EngineFunctions, HostFunctions } from './protocol';
import { openChannel } from './channel';
import type { Port } from './channel';

export type EngineRemote = Birpc.BirpcReturn<EngineFunctions, HostFunctions>;
export type HostRemote = Birpc.BirpcReturn<HostFunctions, EngineFunctions>;

// birpc ships CommonJS, but declares its types as ESM only, which a static import from CommonJS may not reach.
// eslint-disable-next-line @typescript-eslint/no-require-imports
const { createBirpc } = require('birpc') as typeof Birpc;

/** A training takes hours: only the death of the engine or a cancellation ends a call early. */
const NO_TIMEOUT = -1;

/** Pictures and maps of one image of 100 megapixels, or all plots of a report, have a fraction of this. */
const MOST_ANSWERED_BYTES = 2 ** 31;

/** The host's end: calls the engine, answers its events. */
export function connectEngine(port: Port, functions: HostFunctions): EngineRemote {
	return createBirpc<EngineFunctions, HostFunctions>(functions, {
		...openChannel(port, { mostBytes: MOST_ANSWERED_BYTES }),
		timeout: NO_TIMEOUT,
		eventNames: ['cancel', 'connect'],
	});
}

/** The engine's end: answers calls, tells the host what happens. */
export function connectHost(port: Port, functions: EngineFunctions): HostRemote {
	return createBirpc<HostFunctions, EngineFunctions>(functions, {
		...openChannel(port),
		timeout: NO_TIMEOUT,
		eventNames: ['event', 'fatal'],
	});
}
