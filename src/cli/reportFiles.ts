import { extname, join } from 'node:path';
import type { ReportData } from '../evaluation/report/data';
import type { ReportPart } from '../evaluation/report/request';
import { writeFileAtomic } from '../files/atomicFile';
import type { CommandContext } from './command';
import { list, text, usage } from './flags';

/** Worst misses, and worst false alarms, that a report shows. */
const EXAMPLES_OF_REPORT = 6;

const PARTS: Readonly<Partial<Record<string, ReportPart>>> = {
	'.html': 'html',
	'.htm': 'html',
	'.md': 'markdown',
	'.json': 'json',
};

export const REPORT_FLAGS = {
	report: list(
		'FILE',
		'Write a report: a page to look at or to print (.html), a summary for a message (.md), or all of it for programs (.json)',
	),
	plots: text('DIR', 'Write the plots of the report as PNG files into a folder'),
};

/** What the flags ask for. */
export interface WantedReports {
	/** Absolute path and part of each file. */
	readonly files: readonly { readonly path: string; readonly part: ReportPart }[];
	/** Absolute path of the folder for plots. */
	readonly plots?: string;
}

/** Reads the flags before any work is done. Throws USAGE on a file name that does not say what to write. */
export function wantedReports(
	{ report = [], plots }: { readonly report?: readonly string[]; readonly plots?: string },
	{ path }: Pick<CommandContext, 'path'>,
): WantedReports {
	const files = report.map((given) => {
		const part = PARTS[extname(given).toLowerCase()];
		if (part !== undefined) return { path: path(given), part };
		throw usage(
			`Expected --report to name a file that ends in .html, .md or .json, found "${given}"`,
			'The ending says which kind of report is written; give --report once for each kind.',
		);
	});
	return { files, ...(plots !== undefined && { plots: path(plots) }) };
}

/** How many pictures the evaluation should bring along. */
export function examplesFor({ files }: WantedReports): number {
	return files.length > 0 ? EXAMPLES_OF_REPORT : 0;
}

/** Makes and writes the reports; returns the paths of all files written. */
export async function writeReports(
	{ files, plots }: WantedReports,
	data: ReportData,
	{ engine, call }: Pick<CommandContext, 'engine' | 'call'>,
): Promise<string[]> {
	const parts = [...files.map(({ part }) => part), ...(plots === undefined ? [] : ['plots' as const])];
	if (parts.length === 0) return [];
	const made = await engine.makeReport({ data, parts }, call);
	const written: string[] = [];
	const write = async (path: string, bytes: Uint8Array): Promise<void> => {
		await writeFileAtomic(path, bytes);
		written.push(path);
	};
	for (const { path, part } of files)
		for (const { bytes } of made.files.filter((file) => file.part === part)) await write(path, bytes);
	if (plots !== undefined)
		for (const { name, bytes } of made.files.filter(({ part }) => part === 'plots'))
			await write(join(plots, name.replace(/^plots\//, '')), bytes);
	return written;
}
