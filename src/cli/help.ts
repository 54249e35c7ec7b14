import type { Command } from './command';

const WIDTH = 100;
/** Titles of options that are longer than this stand on a line of their own. */
const WIDEST_TITLE = 28;

/** All commands, one line each. */
export function overview(commands: readonly Command[], version: string): string {
	const width = Math.max(...commands.map(({ name }) => name.length));
	return [
		`dinomaly ${version}: visual anomaly detection`,
		'',
		'Usage: dinomaly COMMAND [options]',
		'',
		...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
		'',
		'  --help, -h     Show this help, or that of a command',
		'  --version, -v  Show the version',
		'',
		'Exit codes: 0 done, 1 failed, 2 wrong usage, 130 cancelled. DINOMALY_DEBUG=1 shows stacks and the output of the engine.',
	].join('\n');
}

/** One command with all its options. */
export function commandHelp({ name, synopsis, summary, flags, examples }: Command): string {
	const titles = Object.entries(flags).map(([flag, { placeholder, short }]) => {
		const alias = short === undefined ? '' : `, -${short}`;
		return `--${flag}${placeholder === '' ? '' : ` ${placeholder}`}${alias}`;
	});
	const width = Math.max(...titles.map((title) => title.length).filter((length) => length <= WIDEST_TITLE));
	const indent = `\n${' '.repeat(width + 4)}`;
	const lines = Object.values(flags).map(({ help }, i) => {
		const described = wrap(help, WIDTH - width - 4).join(indent);
		if (titles[i].length <= width) return `  ${titles[i].padEnd(width)}  ${described}`;
		return `  ${wrapChoices(titles[i], WIDTH - 2)}${indent}${described}`;
	});
	return [
		`Usage: dinomaly ${name} ${synopsis}`,
		'',
		...wrap(summary, WIDTH),
		'',
		...lines,
		'',
		'Examples:',
		...examples.map((example) => `  ${example}`),
	].join('\n');
}

/** Breaks `--flag a|b|c` after a bar where it is wider than the page. */
function wrapChoices(title: string, width: number): string {
	const lines = [''];
	for (const part of title.split(/(?<=\|)/)) {
		if (lines[lines.length - 1].length + part.length > width) lines.push('    ');
		lines[lines.length - 1] += part;
	}
	return lines.join('\n');
}

function wrap(sentence: string, width: number): string[] {
	const lines = [''];
	for (const word of sentence.split(' ')) {
		const line = lines[lines.length - 1];
		if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
		else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
	}
	return lines;
}
