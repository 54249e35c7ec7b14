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
