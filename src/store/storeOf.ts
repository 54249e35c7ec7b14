import { connectionFromEnvironment, isStoreUrl } from './objects/connection';
import { connectStore } from './objects/connections';
import { defaultStore } from './paths';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The folder that stands for the store that is named: a folder, or `s3://bucket/prefix` with its keys in the environment. Without a name it is
 * DINOMALY_STORE, which may be either too, else the store of this machine. Throws USAGE or CONFIG_INVALID for keys that are missing.
 */
export function storeOf(
	given: string | undefined,
	environment: Environment = process.env,
	path: (given: string) => string = (folder) => folder,
): string {
	const named = given ?? environment.DINOMALY_STORE;
	if (isStoreUrl(named))
		return connectStore(connectionFromEnvironment(named, environment), defaultStore(environment));
	return given === undefined ? defaultStore(environment) : path(given);
}
