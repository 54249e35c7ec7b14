import { DinomalyError } from '../errors';

/** More would bury the sentence. */
const MAX_LISTED = 12;

/** MODEL_NOT_FOUND for a name; `known` are the models that there are. */
export function modelMissing(name: string, store: string, known: readonly string[]): DinomalyError {
	return new DinomalyError(
		'MODEL_NOT_FOUND',
		`Expected a model named "${name}" in ${store}, found ${listed(known, 'no models')}`,
		{
			hint: 'Train the model first, or check its name and the store folder.',
		},
	);
}

/** MODEL_NOT_FOUND for a version; `alias` is what pointed at it. */
export function versionMissing(
	name: string,
	version: string,
	found: { readonly versions: readonly number[]; readonly alias?: string },
): DinomalyError {
	const why = found.alias === undefined ? '' : `, which alias "${found.alias}" points at`;
	const word = found.versions.length === 1 ? 'version' : 'versions';
	const versions = listed(found.versions.slice(-MAX_LISTED).map(String), 'none');
	return new DinomalyError(
		'MODEL_NOT_FOUND',
		`Expected version ${version} of model "${name}"${why}, found ${word} ${versions}`,
		{
			hint:
				found.alias === undefined
					? 'Name a version that is there.'
					: 'Point the alias at a version that is there.',
		},
	);
}

/** MODEL_NOT_FOUND for an alias; `known` are those that are set. */
export function aliasMissing(name: string, alias: string, known: readonly string[]): DinomalyError {
	return new DinomalyError(
		'MODEL_NOT_FOUND',
		`Expected model "${name}" to have alias "${alias}", found ${listed(known, 'no aliases')}`,
		{
			hint: `Promote a version to "${alias}", or name a version such as "${name}@1".`,
		},
	);
}

/** USAGE: what an alias points at is not removed by accident. */
export function stillAliased(what: string, aliases: readonly string[]): DinomalyError {
	return new DinomalyError(
		'USAGE',
		`Expected no alias on "${what}" to remove it, found ${listed(aliases, 'none')}`,
		{
			hint: 'Point these aliases elsewhere first, or force the removal to take them away as well.',
		},
	);
}

/** USAGE: only a version that is named by its number is removed. */
export function notOneVersion(ref: string, name: string): DinomalyError {
	return new DinomalyError('USAGE', `Expected one version to remove, such as "${name}@1", found "${ref}"`, {
		hint: 'Name the version by its number, since aliases move.',
	});
}

/** MODEL_EXISTS: two names that differ only in case are one on Windows and macOS. */
export function caseTwin(name: string, twin: string): DinomalyError {
	return new DinomalyError(
		'MODEL_EXISTS',
		`Expected a new model name or an existing one as it is written, found "${name}" beside "${twin}"`,
		{ hint: `Use "${twin}" to add a version to it, or a name that differs in more than case.` },
	);
}

/** ALIAS_MOVED: the alias was moved by somebody else since it was looked at. */
export function aliasMoved(
	name: string,
	alias: string,
	{ expected, found }: { readonly expected: string | null; readonly found: string | null },
): DinomalyError {
	const words = (version: string | null): string => (version === null ? 'not set' : `version ${version}`);
	return new DinomalyError(
		'ALIAS_MOVED',
		`Expected alias "${alias}" of "${name}" to be ${words(expected)} still, found it ${found === null ? 'not set' : `at version ${found}`}: somebody else moved it meanwhile`,
		{ hint: 'Look at the history of the alias, then try again.' },
	);
}

function listed(names: readonly string[], none: string): string {
	if (names.length === 0) return none;
	const rest = names.length - MAX_LISTED;
	return names.slice(0, MAX_LISTED).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}
