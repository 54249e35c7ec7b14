import { parseArgs } from 'node:util';

/** What one asks `npm run bench` for. */
export interface Choice {
	readonly quick: boolean;
	readonly list: boolean;
	/** Names of benchmarks; all of them when absent. */
	readonly only?: readonly string[];
	/** Folder for figures. */
	readonly out?: string;
	/** Run what measures a device other than the processor, on this one. */
	readonly device?: string;
}

/**
 * `[--quick] [--only] [NAME ...] [--device NAME] [--out DIR] [--list]`.
 * @param known names of benchmarks: of those for the processor, or of those for a device where one is named
 * @throws Error in one sentence for anything else
 */
export function parseChoice(
	args: readonly string[],
	known: { readonly processor: readonly string[]; readonly device: readonly string[] },
): Choice {
	const { values, positionals } = parseArgs({
		args: [...args],
		allowPositionals: true,
		options: {
			quick: { type: 'boolean', default: false },
			only: { type: 'string', multiple: true },
			out: { type: 'string' },
			device: { type: 'string' },
			list: { type: 'boolean', default: false },
		},
	});
	const only = [...(values.only ?? []), ...positionals];
	const names = values.device === undefined ? known.processor : known.device;
	const unknown = only.find((name) => !names.includes(name));
	if (unknown !== undefined)
		throw new Error(`Expected the name of a benchmark (${names.join(', ')}), found "${unknown}"`);
	return {
		quick: values.quick,
		list: values.list,
		...(only.length > 0 && { only }),
		...(values.out !== undefined && { out: values.out }),
		...(values.device !== undefined && { device: values.device }),
	};
}
