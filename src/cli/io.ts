import type { Engine } from '../engine/host';

export interface TextOutput {
	readonly write: (text: string) => unknown;
	/** Whether it is a terminal. */
	readonly isTTY?: boolean;
	readonly columns?: number;
}

/** Everything that the command line touches outside itself; tests pass their own. */
export interface CliIo {
	readonly stdout: TextOutput;
	readonly stderr: TextOutput;
	readonly env: Readonly<Record<string, string | undefined>>;
	/** Folder that relative paths start from. */
	readonly cwd: string;
	readonly openEngine: () => Engine;
	/** Calls the handler at each Ctrl-C until the returned function is called. */
	readonly onInterrupt: (handler: () => void) => () => void;
	/** Leaves at once, whatever still runs. */
	readonly exit: (code: number) => void;
}
