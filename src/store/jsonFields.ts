import { readFile, stat } from 'node:fs/promises';
import { DinomalyError } from '../errors';
import { shownName, shownValue } from '../shownValue';
import { isName, type NameKind } from './names';

interface NumberBounds {
	readonly min?: number;
	readonly max?: number;
}

const SHA256 = /^[0-9a-f]{64}$/;
const DAMAGED_HINT =
	'The file is damaged, was edited by hand or is no Dinomaly model: restore it, or train the model again.';

/** Reads a JSON file of at most `maxBytes`; throws MODEL_INVALID when it is larger or no JSON. */
export async function readJson(path: string, maxBytes: number): Promise<JsonFields> {
	const found = await stat(path);
	if (!found.isFile()) throw invalid(`Expected ${path} to be a file, found something else`);
	const { size } = found;
	if (size > maxBytes) throw invalid(`Expected ${path} to have at most ${maxBytes} bytes, found ${size}`);
	const text = await readFile(path, 'utf8');
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch (error) {
		// Not even its beginning is repeated: it may be any file that the path led to.
		throw invalid(
			`Expected ${path} to hold JSON, found ${size} bytes that are none`,
			DAMAGED_HINT,
			error,
		);
	}
	return new JsonFields(value, path);
}

/** An object read from an untrusted file: every access checks the field and names it, what was expected and what was found. */
export class JsonFields {
	private readonly fields: Readonly<Record<string, unknown>>;

	/** `source` is the file as the user knows it; `path` leads to this object inside it ("" for the whole). */
	constructor(
		value: unknown,
		private readonly source: string,
		private readonly path = '',
	) {
		if (typeof value !== 'object' || value === null || Array.isArray(value)) {
			throw invalid(
				`Expected ${path === '' ? 'the content' : `"${path}"`} of ${source} to be an object, found ${shownValue(value)}`,
			);
		}
		this.fields = value as Record<string, unknown>;
	}

	has(key: string): boolean {
		return Object.hasOwn(this.fields, key) && this.fields[key] !== undefined;
	}

	isNull(key: string): boolean {
		return this.raw(key) === null;
	}

	keys(): string[] {
		return Object.keys(this.fields);
	}

	/** Keys that must be category names. */
	categoryKeys(): string[] {
		for (const key of this.keys()) {
			if (!isName(key, 'category'))
				throw this.unexpected(key, 'absent, since no category has this name');
		}
		return this.keys();
	}

	/** Text of 1 to `maxLength` characters. */
	text(key: string, maxLength = 1000): string {
		const value = this.raw(key);
		if (typeof value === 'string' && value.length > 0 && value.length <= maxLength) return value;
		throw this.unexpected(key, `text of 1 to ${maxLength} characters`);
	}

	name(key: string, kind: NameKind): string {
		const value = this.raw(key);
		if (typeof value === 'string' && isName(value, kind)) return value;
		throw this.unexpected(key, `a ${kind} name`);
	}

	sha256(key: string): string {
		const value = this.raw(key);
		if (typeof value === 'string' && SHA256.test(value)) return value;
		throw this.unexpected(key, 'a sha256 in lower-case hexadecimal');
	}

	/** A moment in ISO 8601, such as 2025-01-31T12:00:00.000Z. */
	moment(key: string): string {
		const value = this.raw(key);
		if (
			typeof value === 'string' &&
			/^\d{4}-\d{2}-\d{2}T/.test(value) &&
			!Number.isNaN(Date.parse(value))
		)
			return value;
		throw this.unexpected(key, 'a moment in ISO 8601');
	}

	flag(key: string): boolean {
		const value = this.raw(key);
		if (typeof value === 'boolean') return value;
		throw this.unexpected(key, 'true or false');
	}

	/** A finite number within the bounds, both included. */
	number(key: string, { min = -Infinity, max = Infinity }: NumberBounds = {}): number {
		const value = this.raw(key);
		if (typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max) return value;
		throw this.unexpected(key, `a number${bounds(min, max)}`);
	}

	/** A whole number within the bounds, both included; from 0 on when not told otherwise. */
	count(key: string, { min = 0, max = Number.MAX_SAFE_INTEGER }: NumberBounds = {}): number {
		const value = this.raw(key);
		if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max)
			return value;
		throw this.unexpected(key, `a whole number${bounds(min, max)}`);
	}

	oneOf<T extends string | number>(key: string, allowed: readonly T[]): T {
		const value = this.raw(key);
		const match = allowed.find((candidate) => candidate === value);
		if (match !== undefined) return match;
		throw this.unexpected(
			key,
			`one of ${allowed.map((candidate) => JSON.stringify(candidate)).join(', ')}`,
		);
	}

	object(key: string): JsonFields {
		return new JsonFields(this.raw(key), this.source, this.pathOf(key));
	}

	objects(key: string): JsonFields[] {
		const value = this.raw(key);
		if (!Array.isArray(value)) throw this.unexpected(key, 'a list');
		return value.map((item, i) => new JsonFields(item, this.source, `${this.pathOf(key)}[${i}]`));
	}

	/** Finite numbers in any order. */
	numbers(key: string): number[] {
		const value = this.raw(key);
		if (Array.isArray(value) && value.every((number) => Number.isFinite(number)))
			return value as number[];
		throw this.unexpected(key, 'a list of finite numbers');
	}

	/** Finite numbers in ascending order (equal neighbours are fine). */
	ascending(key: string): number[] {
		const value = this.raw(key);
		if (!Array.isArray(value)) throw this.unexpected(key, 'a list of ascending numbers');
		const numbers = value as unknown[];
		let before = -Infinity;
		for (const [i, number] of numbers.entries()) {
			if (typeof number !== 'number' || !Number.isFinite(number) || number < before) {
				throw invalid(
					`Expected "${this.pathOf(key)}" of ${this.source} to be ascending finite numbers, found ${shownValue(number)} at place ${i}`,
				);
			}
			before = number;
		}
		return numbers as number[];
	}

	/** An error about field `key`: what it should be, and what it is. */
	unexpected(key: string, expected: string): DinomalyError {
		const found = this.has(key) ? shownValue(this.fields[key]) : 'nothing';
		return invalid(`Expected "${this.pathOf(key)}" of ${this.source} to be ${expected}, found ${found}`);
	}

	private raw(key: string): unknown {
		return Object.hasOwn(this.fields, key) ? this.fields[key] : undefined; // never what the prototype holds
	}

	private pathOf(key: string): string {
		const shown = shownName(key); // keys come from the file too
		return this.path === '' ? shown : `${this.path}.${shown}`;
	}
}

/** Reads the version of a file's layout; a later one than `known` means that the package is too old for the file. */
export function checkSchema(fields: JsonFields, known: number, source: string): void {
	const found = fields.count('schemaVersion', { min: 1 });
	if (found <= known) return;
	throw invalid(
		`Expected ${source} to have schema version ${known} or older, found ${found}`,
		'It was made by a newer version of n8n-nodes-dinomaly: update the package to use it.',
	);
}

function bounds(min: number, max: number): string {
	const low = min === -Infinity ? '' : ` from ${min}`;
	const high = max === Infinity || max === Number.MAX_SAFE_INTEGER ? '' : ` up to ${max}`;
	return low + high;
}

function invalid(message: string, hint = DAMAGED_HINT, cause?: unknown): DinomalyError {
	return new DinomalyError('MODEL_INVALID', message, { hint, cause });
}
