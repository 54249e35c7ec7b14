import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';
import { DinomalyError } from '../errors';
import { nearest } from './nearest';

/** One option of a command: how it is given, what it says in the help, what its value becomes. */
export interface Flag<T> {
	readonly type: 'string' | 'boolean';
	readonly multiple: boolean;
	/** What stands for the value in the help; empty for a switch. */
	readonly placeholder: string;
	readonly help: string;
	readonly short?: string;
	/** Turns the text into the value; throws USAGE. */
	readonly read: (raw: string | boolean | readonly (string | boolean)[], name: string) => T;
}

export type Flags = Readonly<Record<string, Flag<unknown>>>;

export type FlagValues<F extends Flags> = {
	readonly [K in keyof F]?: F[K] extends Flag<infer T> ? T : never;
};

export interface ParsedFlags<F extends Flags> {
	readonly values: FlagValues<F>;
	readonly words: readonly string[];
}

interface NumberRange {
	readonly min?: number;
	readonly max?: number;
	readonly whole?: boolean;
}

export function text(placeholder: string, help: string): Flag<string> {
	return { type: 'string', multiple: false, placeholder, help, read: nonEmpty };
}

/** May be given several times, and takes the words after it as further values. */
export function list(placeholder: string, help: string): Flag<readonly string[]> {
	return {
		type: 'string',
		multiple: true,
		placeholder: `${placeholder} ...`,
		help,
		read: (raw, name) => (raw as readonly string[]).map((one) => nonEmpty(one, name)),
	};
}

export function toggle(help: string, short?: string): Flag<boolean> {
	return { type: 'boolean', multiple: false, placeholder: '', help, short, read: (raw) => raw === true };
}

export function number(placeholder: string, help: string, range: NumberRange = {}): Flag<number> {
	return {
		type: 'string',
		multiple: false,
		placeholder,
		help,
		read: (raw, name) => readNumber(String(raw), name, range),
	};
}

export function choice<T extends string>(choices: readonly T[], help: string): Flag<T> {
	const read = (raw: unknown, name: string): T => {
		const found = choices.find((one) => one === raw);
		if (found !== undefined) return found;
		throw usage(`Expected --${name} to be one of ${choices.join(', ')}, found "${String(raw)}"`);
	};
	return { type: 'string', multiple: false, placeholder: choices.join('|'), help, read };
}

/** A number of bytes, such as 500MB or 20GB (decimal units) or 8GiB. */
export function byteCount(placeholder: string, help: string): Flag<number> {
	return {
		type: 'string',
		multiple: false,
		placeholder,
		help,
		read: (raw, name) => readBytes(String(raw), name),
	};
}

/** Reads the arguments of one command; throws USAGE with one sentence and the nearest known option. */
export function parseFlags<F extends Flags>(flags: F, args: readonly string[]): ParsedFlags<F> {
	const options: NonNullable<ParseArgsConfig['options']> = {};
	for (const [name, { type, multiple, short }] of Object.entries(flags)) {
		options[name] = { type, multiple, ...(short !== undefined && { short }) };
	}
	const raw = parseStrictly(joinListWords(flags, args), options, Object.keys(flags));
	const values = Object.fromEntries(
		Object.entries(raw.values).map(([name, value]) => [name, flags[name].read(value ?? '', name)]),
	);
	return { values: values as FlagValues<F>, words: raw.positionals };
}

export function usage(message: string, hint?: string): DinomalyError {
	return new DinomalyError('USAGE', message, { hint });
}

/** `--category a b` means `--category a --category b`: parseArgs knows only the second form. */
function joinListWords(flags: Flags, args: readonly string[]): string[] {
	const joined: string[] = [];
	let open: string | undefined;
	for (const arg of args) {
		if (arg.startsWith('-') && arg !== '-') {
			const name = arg.startsWith('--') ? arg.slice(2).split('=')[0] : '';
			open = Object.hasOwn(flags, name) && flags[name].multiple ? `--${name}` : undefined;
			joined.push(arg);
		} else if (open !== undefined && joined.at(-1) !== open) joined.push(open, arg);
		else joined.push(arg);
	}
	return joined;
}

type RawValues = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

function parseStrictly(
	args: string[],
	options: NonNullable<ParseArgsConfig['options']>,
	known: readonly string[],
): { values: RawValues; positionals: string[] } {
	try {
		return parseArgs({ args, options, strict: true, allowPositionals: true });
	} catch (error) {
		throw explainParseError(error, known);
	}
}

function explainParseError(error: unknown, known: readonly string[]): unknown {
	const { code, message } = error as { readonly code?: string; readonly message: string };
	const option = /'(-[^'\s]*)/.exec(message)?.[1] ?? '';
	switch (code) {
		case 'ERR_PARSE_ARGS_UNKNOWN_OPTION': {
			const near = nearest(option.replace(/^-+/, ''), known);
			const question = near === undefined ? '' : `; did you mean "--${near}"?`;
			return usage(`Expected a known option, found "${option}"${question}`);
		}
		case 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE': {
			const name = /--[\w-]+/.exec(message)?.[0] ?? option;
			const isSwitch = message.includes('does not take an argument');
			if (isSwitch) return usage(`Expected no value after ${name}, which is a switch`);
			return usage(
				`Expected a value after ${name}, found none`,
				`A value that begins with a dash is given as ${name}=-VALUE.`,
			);
		}
		default:
			return error;
	}
}

function nonEmpty(raw: unknown, name: string): string {
	if (typeof raw === 'string' && raw !== '') return raw;
	throw usage(`Expected a value after --${name}, found an empty one`);
}

function readNumber(
	raw: string,
	name: string,
	{ min = -Infinity, max = Infinity, whole = false }: NumberRange,
): number {
	const value = raw.trim() === '' ? NaN : Number(raw);
	if (Number.isFinite(value) && value >= min && value <= max && (!whole || Number.isSafeInteger(value)))
		return value;
	const kind = whole ? 'a whole number' : 'a number';
	const from = min === -Infinity ? '' : ` of at least ${min}`;
	const to = max === Infinity ? '' : `${from === '' ? ' of' : ' and'} at most ${max}`;
	throw usage(`Expected --${name} to be ${kind}${from}${to}, found "${raw}"`);
}

const UNIT_PREFIXES = ['', 'k', 'm', 'g', 't'];

function readBytes(raw: string, name: string): number {
	const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?$/i.exec(raw.trim());
	if (match === null) {
		throw usage(`Expected --${name} to be a number of bytes such as 500MB or 20GB, found "${raw}"`);
	}
	const [, digits, prefix, binary] = match;
	return Math.round(
		Number(digits) * (binary === '' ? 1000 : 1024) ** UNIT_PREFIXES.indexOf(prefix.toLowerCase()),
	);
}
