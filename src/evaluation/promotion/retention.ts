import { DinomalyError } from '../../errors';
import type { ModelStore, MoveReason } from '../../store/modelStore';
import { rollBackTarget } from './rollBack';

export interface PruneRequest extends Pick<MoveReason, 'by' | 'why'> {
	readonly model: string;
	/** How many of the newest versions stay, at least 1. */
	readonly keep: number;
	/** Only say what would go. */
	readonly dryRun?: boolean;
}

export interface Pruned {
	readonly removed: readonly string[];
	readonly kept: readonly string[];
}

/**
 * Deletes old versions of a model. The newest stay, and every one that an alias points at or would be rolled back to. One that gets an alias at
 * that moment stays too.
 *
 * @throws DinomalyError MODEL_NOT_FOUND
 */
export async function pruneVersions(
	store: ModelStore,
	{ model, keep, dryRun = false, ...reason }: PruneRequest,
): Promise<Pruned> {
	const versions = (await store.versions(model)).map(({ version }) => version);
	const aliases = await store.aliases(model);
	const kept = new Set([...versions.slice(-Math.max(1, keep)), ...Object.values(aliases)]);
	for (const alias of Object.keys(aliases)) {
		const target = await rollBackTarget(store, model, alias);
		if (target !== undefined) kept.add(target);
	}
	const removed: string[] = [];
	for (const version of versions.filter((one) => !kept.has(one))) {
		try {
			if (!dryRun) await store.remove(`${model}@${version}`, reason);
			removed.push(version);
		} catch (error) {
			if (!(error instanceof DinomalyError) || error.code !== 'USAGE') throw error;
		}
	}
	return { removed, kept: versions.filter((version) => !removed.includes(version)) };
}
