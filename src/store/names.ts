import { DinomalyError } from '../errors';
import { shownValue } from '../shownValue';

export type NameKind = 'model' | 'alias' | 'category' | 'file';

/** `name`, `name@version` or `name@alias`, taken apart. */
export type ModelRef =
	| { readonly kind: 'name'; readonly name: string }
	| { readonly kind: 'version'; readonly name: string; readonly version: string }
	| { readonly kind: 'alias'; readonly name: string; readonly alias: string };

/** The alias that a bare model name stands for, once it is set. */
export const PRODUCTION = 'production';
/** Always means the newest version, so it cannot be set. */
export const LATEST = 'latest';

const MAX_LENGTH: Readonly<Record<NameKind, number>> = { model: 64, alias: 64, category: 100, file: 100 };
/** A leading dot hides a folder, a leading dash reads as an option on a command line. */
const PLAIN = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;
/** Categories are named after dataset folders, so letters of any script and single spaces are kept. */
const CATEGORY = /^[\p{L}\p{N}_][\p{L}\p{N}\p{M}._-]*(?: [\p{L}\p{N}\p{M}._-]+)*$/u;
/** Names that Windows keeps for devices, with any extension. */
const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/i;
const VERSION = /^[1-9][0-9]{0,8}$/;

const ALLOWED: Readonly<Record<NameKind, string>> = {
	model: 'ASCII letters, digits, ".", "_" and "-"',
	alias: 'ASCII letters, digits, ".", "_" and "-", not digits alone and not "latest"',
	category: 'letters, digits, single spaces, ".", "_" and "-"',
	file: 'ASCII letters, digits, ".", "_" and "-"',
};

/**
 * Returns the name when it is safe as a folder name on every system and as a key in JSON; throws CONFIG_INVALID saying what is
 * allowed otherwise.
 */
export function validateName(value: unknown, kind: NameKind): string {
	if (typeof value === 'string' && isName(value, kind)) return value;
	const found = typeof value === 'string' ? shownValue(value) : typeof value;
	throw new DinomalyError(
		'CONFIG_INVALID',
		`Expected ${kind === 'alias' ? 'an' : 'a'} ${kind} name of 1 to ${MAX_LENGTH[kind]} characters, found ${found}`,
		{
			hint:
				`Allowed are ${ALLOWED[kind]}; the first character is a letter, a digit or "_", the last is not ".", ` +
				'and names that Windows or JavaScript keep for themselves (such as "con" or "constructor") are taken.',
		},
	);
}

/** Whether `value` would pass `validateName`. */
export function isName(value: string, kind: NameKind): boolean {
	if (value.length === 0 || value.length > MAX_LENGTH[kind] || value.endsWith('.')) return false;
	if (!(kind === 'category' ? CATEGORY : PLAIN).test(value)) return false;
	if (WINDOWS_DEVICE.test(value) || value in Object.prototype) return false;
	return kind !== 'alias' || (value !== LATEST && !/^[0-9]+$/.test(value));
}

/** Whether `value` is a version as the store numbers them: "1", "2" and so on. */
export function isVersion(value: string): boolean {
	return VERSION.test(value);
}

/** Name of the model of one category, where every category has its own; throws CONFIG_INVALID when it cannot be one. */
export function separateModelName(model: string, category: string): string {
	return validateName(`${model}-${category.replaceAll(' ', '_')}`, 'model');
}

/** Takes `name`, `name@version` or `name@alias` apart; throws CONFIG_INVALID. */
export function parseRef(ref: string): ModelRef {
	const at = ref.indexOf('@');
	if (at < 0) return { kind: 'name', name: validateName(ref, 'model') };
	const name = validateName(ref.slice(0, at), 'model');
	const suffix = ref.slice(at + 1);
	if (isVersion(suffix)) return { kind: 'version', name, version: suffix };
	return { kind: 'alias', name, alias: suffix === LATEST ? LATEST : validateName(suffix, 'alias') };
}
