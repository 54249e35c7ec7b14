/** Control characters, and those that turn the direction of text: either would garble a terminal or a log. */
const GARBLING = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;
const DOTS = '...';

/**
 * A value from an untrusted file as a message quotes it: JSON, at most `longest` characters of it, on one line. Takes time and memory for what
 * is shown only, however large or deeply nested the value is.
 */
export function shownValue(value: unknown, longest = 60): string {
	const text = escaped(written(value, longest + 1));
	return text.length <= longest ? text : `${text.slice(0, longest - DOTS.length)}${DOTS}`;
}

/** A name from an untrusted file as a message says it, without quotes: at most `longest` characters, on one line. */
export function shownName(name: string, longest = 120): string {
	const text = escaped(name.slice(0, longest + 1));
	return text.length <= longest ? text : `${text.slice(0, longest - DOTS.length)}${DOTS}`;
}

function escaped(text: string): string {
	return text.replace(
		GARBLING,
		(character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
	);
}

/** The first characters, `room` of them or a few more, of the JSON of a value; "nothing" for what JSON cannot say. */
function written(value: unknown, room: number): string {
	if (typeof value === 'string') return JSON.stringify(value.slice(0, room));
	if (typeof value === 'bigint') return String(value);
	if (value === undefined || typeof value === 'function' || typeof value === 'symbol') return 'nothing';
	if (typeof value !== 'object' || value === null) return JSON.stringify(value);
	// Each level writes a character before the next begins, so that the room ends the descent.
	if (room <= 0) return '';
	return Array.isArray(value) ? writtenList(value, room) : writtenObject(value, room);
}

function writtenList(values: readonly unknown[], room: number): string {
	let text = '[';
	for (let i = 0; i < values.length; i++) {
		if (text.length >= room) return text;
		text += `${i === 0 ? '' : ','}${written(values[i], room - text.length)}`;
	}
	return `${text}]`;
}

function writtenObject(value: object, room: number): string {
	let text = '{';
	for (const key in value) {
		if (!Object.hasOwn(value, key)) continue;
		if (text.length >= room) return text;
		text += `${text === '{' ? '' : ','}${JSON.stringify(key.slice(0, room))}:`;
		text += written((value as Record<string, unknown>)[key], room - text.length);
	}
	return `${text}}`;
}
