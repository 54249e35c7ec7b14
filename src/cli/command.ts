import type { Engine } from '../engine/host';
import type { Flags, FlagValues, ParsedFlags } from './flags';
import type { CliIo } from './io';
import type { ProgressReport } from './progress';

/** What a command is given to work with. */
export interface CommandContext {
	readonly io: CliIo;
	readonly engine: Engine;
	/** Options that every engine call of the command line takes. */
	readonly call: {
		readonly signal: AbortSignal;
		readonly graceMs: number;
		readonly onLog?: (line: string) => void;
	};
	readonly progress: ProgressReport;
	/** Absolute path of a path that the user gave. */
	readonly path: (given: string) => string;
}

/** What a command leaves on standard output, for machines and for people. */
export interface CommandResult {
	readonly json: object;
	readonly text: string;
	/** A sentence on what failed although the rest was done; makes the exit code 1 unless `exitCode` says otherwise. */
	readonly failure?: string;
	readonly exitCode?: number;
}

export interface Command {
	readonly name: string;
	/** Arguments after the name, as the help shows them. */
	readonly synopsis: string;
	readonly summary: string;
	readonly flags: Flags;
	readonly examples: readonly string[];
	readonly run: (args: ParsedFlags<Flags>, context: CommandContext) => Promise<CommandResult>;
}

interface Definition<F extends Flags> extends Omit<Command, 'flags' | 'run'> {
	readonly flags: F;
	readonly run: (
		args: { readonly values: FlagValues<F>; readonly words: readonly string[] },
		context: CommandContext,
	) => Promise<CommandResult>;
}

/** Ties a command's flags to what its function reads, then forgets their types, so that all commands fit one table. */
export function defineCommand<F extends Flags>(definition: Definition<F>): Command {
	return definition as unknown as Command;
}
