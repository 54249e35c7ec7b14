import { parseArgs } from 'node:util';

/** What one asks `npm run bench` for. */
export interface Choice {
	readonly quick: boolean;
	readonly list: boolean;
	/** Names of benchmarks; all of them when absent. */
	readonly only?: readonly string[];
	/** Folder for figures. */
	readonly out?: string;
}

/**
 * `[--quick] [--only] [NAME ...] [--out DIR] [--list]`.
 * @param known names of benchmarks
 * @throws Error in one sentence for anything else
 */
export function parseChoice(args: readonly string[], known: readonly string[]): Choice {
	const { values, positionals } = parseArgs({
		args: [...args],
		allowPositionals: true,
		options: {
			quick: { type: 'boolean', default: false },
			only: { type: 'string', multiple: true },
			out: { type: 'string' },
			list: { type: 'boolean', default: false },
		},
	});
	const only = [...(values.only ?? []), ...positionals];
	const unknown = only.find((name) => !known.includes(name));
	if (unknown !== undefined)
		throw new Error(`Expected the name of a benchmark (${known.join(', ')}), found "${unknown}"`);
	return {
		quick: values.quick,
		list: values.list,
		...(only.length > 0 && { only }),
		...(values.out !== undefined && { out: values.out }),
	};
}
