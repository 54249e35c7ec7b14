import { createRandom, type Random } from '../../../src/random';

/** What has broken parsers before: ends of number ranges, lengths that claim too much, names that mean something to JavaScript, deep nesting. */
const NASTY_VALUES: readonly (() => unknown)[] = [
	() => null,
	() => true,
	() => -1,
	() => 0.5,
	() => 1e308,
	() => Number.MAX_SAFE_INTEGER,
	() => 2 ** 32,
	() => '',
	() => 'constructor',
	() => '../../../etc/passwd',
	() => '\u0000\n\u001b[31mred',
	() => 'x'.repeat(5000),
	() => [],
	() => ({}),
	() => [null],
	() => [1, [2, [3]]],
	() => Array.from({ length: 3000 }, () => Number.MAX_SAFE_INTEGER),
	() => JSON.parse('{"__proto__": {"polluted": 1}, "toString": 1}') as unknown,
	() => nested(20_000),
];
const NASTY_KEYS = ['__proto__', 'constructor', 'toString', '', '\n\u001b[2J', 'x'.repeat(3000), '0'];
const NASTY_BYTES = [0, 1, 0x7f, 0x80, 0xff];
const NASTY_WORDS = [0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x10000, 0xffff];
const MOST_EDITS = 4;

/** Random numbers of one run, the same for the same seed. */
export function randomFor(seed: number, run: number): Random {
	return createRandom(seed * 1_000_003 + run);
}

export function pick<T>(random: Random, values: readonly T[]): T {
	return values[random.integer(values.length)];
}

/** A copy with one to four edits: bytes and words replaced by nasty ones, pieces cut out, doubled or exchanged, the end cut off. */
export function mutateBytes(seed: Uint8Array, random: Random): Uint8Array {
	let bytes: Buffer = Buffer.from(seed);
	for (let edits = 1 + random.integer(MOST_EDITS); edits > 0 && bytes.length > 0; edits--)
		bytes = edit(bytes, random);
	return new Uint8Array(bytes);
}

/** A copy of a JSON value with one to four places replaced, removed, doubled or given another name. */
export function mutateJson(seed: unknown, random: Random): unknown {
	const root = { value: structuredClone(seed) };
	for (let edits = 1 + random.integer(MOST_EDITS); edits > 0; edits--) {
		const [holder, key] = pick(random, placesIn(root));
		const fields = holder as Record<string, unknown>;
		const choice = random.integer(6);
		if (choice === 0 && holder !== root) Reflect.deleteProperty(fields, key);
		else if (choice === 1 && Array.isArray(holder)) holder.push(...(holder as unknown[]).slice(0, 50));
		else if (choice === 2 && holder !== root && !Array.isArray(holder))
			setOwn(fields, pick(random, NASTY_KEYS), fields[key]);
		else if (choice === 3 && typeof fields[key] === 'number') fields[key] = -fields[key] * 1e9;
		else setOwn(fields, key, pick(random, NASTY_VALUES)());
	}
	return root.value;
}

/** The JSON text of a mutated value, now and then with mutated bytes too. */
export function mutateJsonText(seed: unknown, random: Random): Uint8Array {
	const text = Buffer.from(jsonOf(mutateJson(seed, random)));
	return random.integer(5) === 0 ? mutateBytes(text, random) : new Uint8Array(text);
}

/** As `JSON.stringify`, for values nested too deep for it too. */
export function jsonOf(value: unknown): string {
	try {
		return text(value);
	} catch {
		// The deep value sits somewhere inside: written as brackets where it is found.
		return writeShallow(value, 0);
	}
}

function writeShallow(value: unknown, depth: number): string {
	if (depth > 40 && Array.isArray(value)) return '['.repeat(20_000) + ']'.repeat(20_000);
	if (Array.isArray(value)) return `[${value.map((one) => writeShallow(one, depth + 1)).join(',')}]`;
	if (typeof value !== 'object' || value === null) return text(value);
	const fields = Object.entries(value).map(
		([key, one]) => `${JSON.stringify(key)}:${writeShallow(one, depth + 1)}`,
	);
	return `{${fields.join(',')}}`;
}

/** JSON has no word for a hole in a list. */
function text(value: unknown): string {
	const json: unknown = JSON.stringify(value);
	return typeof json === 'string' ? json : 'null';
}

function nested(depth: number): unknown {
	let value: unknown = [];
	for (let i = 0; i < depth; i++) value = [value];
	return value;
}

/** Sets an own property, whatever its name. */
function setOwn(fields: object, key: string, value: unknown): void {
	Object.defineProperty(fields, key, { value, enumerable: true, configurable: true, writable: true });
}

function placesIn(holder: object, depth = 0): [object, string][] {
	if (depth > 30) return [];
	return Object.entries(holder)
		.slice(0, 200)
		.flatMap(([key, value]): [object, string][] => [
			[holder, key],
			...(typeof value === 'object' && value !== null ? placesIn(value as object, depth + 1) : []),
		]);
}

function edit(bytes: Buffer, random: Random): Buffer {
	const at = random.integer(bytes.length);
	const length = 1 + random.integer(Math.min(64, bytes.length));
	switch (random.integer(8)) {
		case 0:
			bytes[at] ^= 1 << random.integer(8);
			return bytes;
		case 1:
			bytes[at] = pick(random, NASTY_BYTES);
			return bytes;
		case 2:
			return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
		case 3:
			return Buffer.concat([
				bytes.subarray(0, at),
				bytes.subarray(at, at + length),
				bytes.subarray(at),
			]);
		case 4:
			return bytes.subarray(0, at);
		case 5:
			bytes.copy(bytes, at, random.integer(bytes.length), bytes.length);
			return bytes;
		default: {
			// Headers are where lengths are: half of the words go there.
			const place = random.integer(2) === 0 ? random.integer(Math.min(64, bytes.length)) : at;
			if (place + 4 > bytes.length) return bytes;
			if (random.integer(2) === 0) bytes.writeUInt32LE(pick(random, NASTY_WORDS), place);
			else bytes.writeUInt32BE(pick(random, NASTY_WORDS), place);
			return bytes;
		}
	}
}
