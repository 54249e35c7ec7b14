import { aliasMissing, versionMissing } from './missing';
import { LATEST, PRODUCTION, type ModelRef } from './names';

/** The version that a reference stands for, and the alias that it went by, if any. */
export interface ChosenVersion {
	readonly version: string;
	readonly alias?: string;
}

/** The alias that a reference goes by if it is set; undefined for one that names a version, or the newest. */
export function aliasNamed(ref: ModelRef): string | undefined {
	if (ref.kind === 'version') return undefined;
	const alias = ref.kind === 'alias' ? ref.alias : PRODUCTION;
	return alias === LATEST ? undefined : alias;
}

/**
 * What a reference means among the versions of a model, ascending and at least one: a bare name is the alias `production` when it is set,
 * and the newest version otherwise.
 *
 * @param aliases the aliases that are set and the versions they point at; the one of `aliasNamed` is enough where it is set
 * @throws MODEL_NOT_FOUND saying what there is
 */
export function chooseVersion(
	ref: ModelRef,
	versions: readonly number[],
	aliases: Readonly<Record<string, string>>,
): ChosenVersion {
	const alias = aliasNamed(ref);
	const isSet = alias !== undefined && Object.hasOwn(aliases, alias);
	if (ref.kind === 'alias' && alias !== undefined && !isSet)
		throw aliasMissing(ref.name, alias, Object.keys(aliases));
	const version = isSet ? aliases[alias] : ref.kind === 'version' ? ref.version : String(versions.at(-1));
	const chosen = { version, ...(isSet && { alias }) };
	if (versions.includes(Number(version))) return chosen;
	throw versionMissing(ref.name, version, { versions, alias: chosen.alias });
}

/** The aliases that point at a version. */
export function aliasesOn(aliases: Readonly<Record<string, string>>, version: string): string[] {
	return Object.keys(aliases).filter((alias) => aliases[alias] === version);
}
