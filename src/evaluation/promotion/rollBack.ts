import { DinomalyError } from '../../errors';
import { courseOf } from '../../store/aliasMove';
import type { AliasMove, ModelStore, MoveReason } from '../../store/modelStore';
import { aliasOf } from './promote';

/**
 * Points an alias back at the version that it pointed at before, in one step and without asking its gate; rolling back again goes one
 * version further back. Versions that have been deleted meanwhile are passed over.
 *
 * @throws DinomalyError MODEL_NOT_FOUND when there is no earlier version, ALIAS_MOVED when somebody else moves the alias at that moment
 */
export async function rollBack(
	store: ModelStore,
	{ model, alias }: { readonly model: string; readonly alias: string },
	reason: Pick<MoveReason, 'by' | 'why'> = {},
): Promise<AliasMove> {
	// First: a move after this is noticed, and one before it is in the history.
	const ifFrom = await aliasOf(store, model, alias);
	const target = await rollBackTarget(store, model, alias);
	if (target === undefined)
		throw new DinomalyError(
			'MODEL_NOT_FOUND',
			`Expected alias "${alias}" of "${model}" to have pointed at another version before, found none that is still there`,
			{ hint: `Promote the version that you want, such as "${model}@1".` },
		);
	return store.promote(`${model}@${target}`, alias, { ...reason, rollback: true, ifFrom });
}

/** The version that an alias would be rolled back to; undefined when there is none. */
export async function rollBackTarget(
	store: ModelStore,
	model: string,
	alias: string,
): Promise<string | undefined> {
	const course = courseOf(await store.history(model), alias);
	const current = course.at(-1) ?? null;
	for (const version of course.slice(0, -1).reverse()) {
		if (version !== null && version !== current && (await exists(store, `${model}@${version}`)))
			return version;
	}
	return undefined;
}

async function exists(store: ModelStore, ref: string): Promise<boolean> {
	try {
		await store.resolve(ref);
		return true;
	} catch (error) {
		if (error instanceof DinomalyError && error.code === 'MODEL_NOT_FOUND') return false;
		throw error;
	}
}
