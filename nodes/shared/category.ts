import type { IBinaryData, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { categoryNameFault } from '../../src/dataset/categoryName';
import { isName } from '../../src/store/names';
import { failed } from './failure';
import { valueAt } from './valueAt';
import { shownValue } from '../../src/shownValue';

/** More of a wrong name would bury the sentence. */
const SHOWN_CHARACTERS = 60;
const HINT_FOR_MODELS = 'Give a category that the model was trained on, or set Category Comes From to None.';

/**
 * Three parameters that say which category an item belongs to: `categorySource` (none, fixed, field), `category` and `categoryField`.
 * Read them with `readCategory`.
 */
export const categoryProperties: INodeProperties[] = [
	{
		displayName: 'Category Comes From',
		name: 'categorySource',
		type: 'options',
		default: 'none',
		description: 'Which kind of product the image shows; each category has a threshold of its own',
		options: [
			{
				name: 'Fixed Value or Expression',
				value: 'fixed',
				description: 'Give the category here; an expression is read for each item',
			},
			{
				name: 'Item Field',
				value: 'field',
				description: 'Take the category from a field of the item',
			},
			{
				name: 'None',
				value: 'none',
				description: 'Judge the image by all categories of the model together',
			},
		],
	},
	{
		displayName: 'Category',
		name: 'category',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. bottle',
		description: 'Category that the model was trained on',
		displayOptions: { show: { categorySource: ['fixed'] } },
	},
	{
		displayName: 'Category Field',
		name: 'categoryField',
		type: 'string',
		default: 'category',
		required: true,
		placeholder: 'e.g. product.category',
		description:
			"Field of the item's JSON with the category, dots for nested fields; without such a field, a property of the binary data such as directory",
		displayOptions: { show: { categorySource: ['field'] } },
	},
];

/**
 * The category of item `index`; undefined when it is judged by all categories together. `image` is the item's binary data, whose
 * properties (such as `directory`, of which the last part counts) are asked when the JSON has no such field. Throws NodeOperationError
 * with `hint` when there is none or its name cannot be a category's.
 */
export function readCategory(
	context: IExecuteFunctions,
	index: number,
	{ image, hint = HINT_FOR_MODELS }: { readonly image?: IBinaryData; readonly hint?: string } = {},
): string | undefined {
	switch (context.getNodeParameter('categorySource', index, 'none')) {
		case 'fixed':
			return checked(context, index, {
				value: context.getNodeParameter('category', index, ''),
				where: '"Category"',
				hint,
			});
		case 'field': {
			const field = context.getNodeParameter('categoryField', index, 'category') as string;
			const { json } = context.getInputData()[index];
			return checked(context, index, {
				value: valueAt(json, field) ?? lastPart(image?.[field]),
				where: `field "${field}"`,
				hint,
			});
		}
		default:
			return undefined;
	}
}

function checked(
	context: IExecuteFunctions,
	index: number,
	{ value, where, hint }: { value: unknown; where: string; hint: string },
): string {
	const text = typeof value === 'number' ? String(value) : value;
	if (typeof text === 'string' && isName(text.trim(), 'category')) return text.trim();
	throw failed(
		context.getNode(),
		{ message: `Expected the name of a category in ${where}, found ${describe(text)}`, hint },
		index,
	);
}

/** What was found instead of a category's name, and why it is none. */
function describe(value: unknown): string {
	if (value === undefined || value === null || value === '') return 'nothing';
	if (typeof value !== 'string') return shownValue(value, SHOWN_CHARACTERS);
	const name = value.trim();
	if (name === '') return 'only spaces';
	const shown = name.length <= SHOWN_CHARACTERS ? name : `${name.slice(0, SHOWN_CHARACTERS)}...`;
	return `${JSON.stringify(shown)}, which ${categoryNameFault(name) ?? 'cannot be the name of a folder on every system'}`;
}

function lastPart(value: string | number | undefined): string | undefined {
	return typeof value === 'string' ? value.split(/[\\/]/).filter(Boolean).at(-1) : undefined;
}
