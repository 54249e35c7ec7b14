import type { IExecuteFunctions } from 'n8n-workflow';
import { textAt, valueAt } from '../shared/valueAt';
import { InvalidItem } from './invalidItem';
import { shownValue } from '../../src/shownValue';

/** A number as text, as tables and forms give it. */
const NUMBER = /^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?\s*$/i;

/** The category of item `index`; undefined when it has none. */
export function categoryOf(context: IExecuteFunctions, index: number): string | undefined {
	const field = context.getNodeParameter('options.categoryField', index, 'category') as string;
	return textAt(context.getInputData()[index].json, field);
}

/** The number in a field of item `index`, dots for nested fields; throws InvalidItem when there is none. */
export function numberIn(context: IExecuteFunctions, index: number, field: string): number {
	const { json } = context.getInputData()[index];
	const value = valueAt(json, field);
	const number = typeof value === 'string' && NUMBER.test(value) ? Number(value) : value;
	if (typeof number === 'number' && Number.isFinite(number)) return number;
	if (value === undefined && typeof json.error === 'string')
		throw new InvalidItem({
			message: json.error,
			hint: typeof json.details === 'string' ? json.details : undefined,
		});
	const found = value === undefined ? 'no such field' : shownValue(value);
	throw new InvalidItem({
		message: `Expected a number in field "${field}", found ${found}`,
		hint: 'Put Score Image before this node, or choose Limits on a Number and name a numeric field of the item.',
	});
}

/** A text parameter without spaces around it; a number that an expression gives counts as text. */
export function readText(
	context: IExecuteFunctions,
	index: number,
	{ name, fallback = '' }: { readonly name: string; readonly fallback?: string },
): string {
	const value: unknown = context.getNodeParameter(name, index, fallback);
	return typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
}
