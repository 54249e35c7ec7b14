/** The value under a path with dots; a key that has dots itself is found too. Undefined when there is none. */
export function valueAt(json: unknown, path: string): unknown {
	if (typeof json !== 'object' || json === null) return undefined;
	if (Object.hasOwn(json, path)) return (json as Record<string, unknown>)[path];
	const dot = path.indexOf('.');
	if (dot < 0) return undefined;
	const head = path.slice(0, dot);
	if (!Object.hasOwn(json, head)) return undefined;
	return valueAt((json as Record<string, unknown>)[head], path.slice(dot + 1));
}

/** The text under a path with dots, a number written out: tables turn a category such as 7 into one. Undefined for anything else, or none. */
export function textAt(json: unknown, path: string): string | undefined {
	const value = valueAt(json, path);
	if (typeof value === 'number') return String(value);
	return typeof value === 'string' && value !== '' ? value : undefined;
}
