import {
	describeWorkersConnection,
	workersConnectionFromEnvironment,
	type WorkersConnection,
} from './connection';

type Environment = Readonly<Record<string, string | undefined>>;

/** n8n may load the package twice: what both copies must know hangs on something global. */
const REGISTRY = Symbol.for('n8n-nodes-dinomaly.workersConnections');

/** Makes this process know a connection; records of trainings name it by what is returned, which holds no secret. */
export function rememberWorkers(connection: WorkersConnection): string {
	const name = describeWorkersConnection(connection);
	registry().set(name, connection);
	return name;
}

/**
 * The connection of that name, when a node of this process has used it or the DINOMALY_REDIS_ variables tell it; undefined when its password is
 * not known here.
 */
export function knownWorkers(
	name: string,
	environment: Environment = process.env,
): WorkersConnection | undefined {
	const known = registry().get(name);
	if (known !== undefined) return known;
	const told = fromEnvironment(environment);
	return told !== undefined && describeWorkersConnection(told) === name ? told : undefined;
}

/** Variables that make no sense are the worker's to complain about. */
function fromEnvironment(environment: Environment): WorkersConnection | undefined {
	try {
		return workersConnectionFromEnvironment(environment);
	} catch {
		return undefined;
	}
}

function registry(): Map<string, WorkersConnection> {
	const holder = globalThis as { [REGISTRY]?: Map<string, WorkersConnection> };
	return (holder[REGISTRY] ??= new Map<string, WorkersConnection>());
}
