import { createHash } from 'node:crypto';

/** What alarms are kept apart by: fields of the item with their values, in a fixed order. */
export type KeyFields = readonly (readonly [field: string, value: string])[];

/** Longer values are shortened, and told apart by a hash. */
const MAX_VALUE = 80;
const HASH_DIGITS = 8;

/** The text that a key is found by in the memory. */
export function keyOf(fields: KeyFields): string {
	return JSON.stringify(fields.map(([field, value]) => [shorten(field), shorten(value)]));
}

/** A key in words: "camera 3, category bottle"; empty for the key without fields. */
export function labelOf(key: string): string {
	return (JSON.parse(key) as KeyFields).map(([field, value]) => `${field} ${value}`).join(', ');
}

/** Whether a text from a file is a key. */
export function isKey(text: string): boolean {
	try {
		const value: unknown = JSON.parse(text);
		return Array.isArray(value) && value.every(isPair);
	} catch {
		return false;
	}
}

function isPair(value: unknown): boolean {
	return (
		Array.isArray(value) &&
		value.length === 2 &&
		value.every((part) => typeof part === 'string' && part.length <= MAX_VALUE)
	);
}

function shorten(text: string): string {
	if (text.length <= MAX_VALUE) return text;
	const hash = createHash('sha256').update(text).digest('hex').slice(0, HASH_DIGITS);
	return `${text.slice(0, MAX_VALUE - HASH_DIGITS - 1)} ${hash}`;
}
