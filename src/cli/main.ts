import { resolve } from 'node:path';
import { packageVersion } from '../packageVersion';
import { DinomalyError, messageOf } from '../errors';
import type { Command, CommandContext } from './command';
import { doctorCommand } from './doctor';
import { driftCommand } from './drift';
import { evaluateCommand } from './evaluate';
import { evaluationCommands } from './evaluations';
import { EXIT } from './exit';
import { parseFlags, usage } from './flags';
import { commandHelp, overview } from './help';
import type { CliIo } from './io';
import { modelCommands } from './models';
import { nearest } from './nearest';
import { openProgress } from './progress';
import type { ProgressReport } from './progress';
import { sampleCommand } from './sample';
import { scoreCommand } from './score';
import { printable } from './table';
import { trainCommand } from './train';
import { workerCommand } from './worker';

const COMMANDS: readonly Command[] = [
	trainCommand,
	scoreCommand,
	evaluateCommand,
	...evaluationCommands,
	driftCommand,
	...modelCommands,
	sampleCommand,
	workerCommand,
	doctorCommand,
];

/** Generous, since a second Ctrl-C is at hand: a large model takes long for one step, and its checkpoint is worth the wait. */
const GRACE_MS = 60_000;

/** Runs the command line and returns its exit code: 0 done, 1 failed, 2 wrong usage, 3 below a gate, 130 cancelled. Never rejects. */
export async function main(args: readonly string[], io: CliIo): Promise<number> {
	const json = args.includes('--json');
	let command: Command | undefined;
	try {
		if (args.length === 0 || isOneOf(args[0], '--help', '-h', 'help'))
			return print(io, overview(COMMANDS, packageVersion()));
		if (isOneOf(args[0], '--version', '-v')) return print(io, packageVersion());
		const family = COMMANDS.filter(({ name }) => name.startsWith(`${args[0]} `));
		if (family.length > 0 && (args.length === 1 || isOneOf(args[1], '--help', '-h'))) {
			return print(io, family.map(commandHelp).join('\n\n'));
		}
		command = findCommand(args);
		return await runCommand(command, args.slice(command.name.split(' ').length), io);
	} catch (error) {
		return explain(error, { io, json, command });
	}
}

function findCommand(args: readonly string[]): Command {
	const names = COMMANDS.map(({ name }) => name);
	const found = COMMANDS.find(({ name }) => name === args[0] || name === `${args[0]} ${args[1]}`);
	if (found !== undefined) return found;
	const isFamily = names.some((name) => name.startsWith(`${args[0]} `));
	const given = isFamily ? `${args[0]} ${args[1]}` : args[0];
	const near = nearest(given, isFamily ? names : names.map((name) => name.split(' ')[0]));
	const question = near === undefined ? '' : `; did you mean "${near}"?`;
	throw usage(`Expected a command, found "${given}"${question}`);
}

async function runCommand(command: Command, args: readonly string[], io: CliIo): Promise<number> {
	const parsed = parseFlags(command.flags, args);
	if (parsed.values.help === true) return print(io, commandHelp(command));
	const json = parsed.values.json === true;
	const progress = openProgress(io.stderr, json);
	const stop = new AbortController();
	const forget = cancelOnInterrupt(io, stop, progress);
	const engine = io.openEngine();
	const context: CommandContext = {
		io,
		engine,
		call: { signal: stop.signal, graceMs: GRACE_MS, ...(isDebug(io) && { onLog: progress.note }) },
		progress,
		path: (given) => resolve(io.cwd, given),
	};
	try {
		const { json: value, text, failure, exitCode } = await command.run(parsed, context);
		progress.end();
		print(io, json ? JSON.stringify(value) : text);
		if (failure !== undefined) io.stderr.write(`error: ${failure}\n`);
		return failure === undefined ? EXIT.done : (exitCode ?? EXIT.failed);
	} finally {
		progress.end();
		forget();
		await engine.close();
	}
}

function cancelOnInterrupt(io: CliIo, stop: AbortController, progress: ProgressReport): () => void {
	return io.onInterrupt(() => {
		if (stop.signal.aborted) {
			io.exit(EXIT.cancelled);
			return;
		}
		progress.note(io.stderr.isTTY === true ? 'Stopping; press Ctrl-C again to stop at once' : 'Stopping');
		stop.abort();
	});
}

interface Failure {
	readonly io: CliIo;
	readonly json: boolean;
	readonly command: Command | undefined;
}

function explain(error: unknown, { io, json, command }: Failure): number {
	const message = messageOf(error);
	const ours = error instanceof DinomalyError ? error : undefined;
	const isUsage = ours?.code === 'USAGE';
	const help = `Run "dinomaly ${command === undefined ? '' : `${command.name} `}--help" to see what there is.`;
	const hint = ours?.hint ?? (isUsage ? help : undefined);
	io.stderr.write(`error: ${printableLines(message)}\n`);
	if (hint !== undefined) io.stderr.write(`hint: ${printableLines(hint)}\n`);
	if (isDebug(io) && error instanceof Error) io.stderr.write(`${String(error.stack)}\n`);
	if (json) print(io, JSON.stringify({ error: { code: ours?.code ?? 'UNEXPECTED', message, hint } }));
	if (isUsage) return EXIT.usage;
	return ours?.code === 'CANCELLED' ? EXIT.cancelled : EXIT.failed;
}

function print(io: CliIo, text: string): number {
	if (text !== '') io.stdout.write(`${text}\n`);
	return EXIT.done;
}

function printableLines(text: string): string {
	return text.split('\n').map(printable).join('\n');
}

function isDebug({ env }: CliIo): boolean {
	return env.DINOMALY_DEBUG === '1';
}

function isOneOf(word: string | undefined, ...words: readonly string[]): boolean {
	return word !== undefined && words.includes(word);
}
