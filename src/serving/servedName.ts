/** A model as a server names it. */
export interface ServedName {
	readonly model: string;
	/** Null: the server has no versions, or may choose. */
	readonly version: string | null;
}

export function describeServed({ model, version }: ServedName): string {
	return version === null ? `model "${model}"` : `model "${model}" version ${version}`;
}
