const LONGEST = 100;
/** Letters and digits of any script, space, dot, underscore and hyphen; no separators, so that a name is never a path. */
const NAME = /^[\p{L}\p{N}_][\p{L}\p{M}\p{N} ._-]*$/u;

/** Says why `name` cannot name a category; null when it can. */
export function categoryNameFault(name: string): string | null {
	if (name.length > LONGEST) return `is longer than ${LONGEST} characters`;
	if (!NAME.test(name))
		return 'has characters other than letters, digits, space, dot, underscore and hyphen';
	// Windows drops these when it makes a folder, so two names would become one.
	if (name.endsWith('.') || name.endsWith(' ')) return 'ends with a dot or a space';
	return null;
}
