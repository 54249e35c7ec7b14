import type { Command } from './command';

const WIDTH = 100;

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
	const width = Math.max(...titles.map((title) => title.length));
	const lines = Object.values(flags).map(({ help }, i) => {
		const indent = ' '.repeat(width + 4);
		return `  ${titles[i].padEnd(width)}  ${wrap(help, WIDTH - width - 4).join(`\n${indent}`)}`;
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

function wrap(sentence: string, width: number): string[] {
	const lines = [''];
	for (const word of sentence.split(' ')) {
		const line = lines[lines.length - 1];
		if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
		else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
	}
	return lines;
}
