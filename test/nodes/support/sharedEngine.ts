import path from 'node:path';
import { openEngine, type Engine } from '../../../src/engine/host';
import { PROTOCOL_VERSION } from '../../../src/engine/protocol';
import { SharedEngine } from '../../../src/engine/sharedEngine';
import { packageVersion } from '../../../src/packageVersion';

const IDLE_MS = 60_000;

/**
 * Makes the engine of this process, which nodes get from `openEngine()`, a real engine process run from the sources, so that tests need no
 * build. `program` is another file of test/support, for an engine that misbehaves. Close it at the end.
 */
export function engineFromSources(program = 'realEngine.cjs'): Engine {
	const entry = path.join(__dirname, '..', '..', 'support', program);
	const registry = new Map([
		[`${String(PROTOCOL_VERSION)}:${packageVersion()}`, new SharedEngine(entry, IDLE_MS)],
	]);
	Object.assign(globalThis, { [Symbol.for('n8n-nodes-dinomaly.engine')]: registry });
	return openEngine();
}
