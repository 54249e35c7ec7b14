import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';

export const categoriesProperty: INodeProperties = {
	displayName: 'Categories',
	name: 'categories',
	type: 'string',
	default: '',
	placeholder: 'e.g. bottle, cable',
	description: 'Categories to read, separated by commas; all when empty',
};

/** The categories that `collection` names; undefined for all. */
export function readCategories(
	context: IExecuteFunctions,
	index: number,
	collection: string,
): string[] | undefined {
	const value: unknown = context.getNodeParameter(`${collection}.categories`, index, '');
	const given = Array.isArray(value)
		? value.map(String)
		: typeof value === 'string'
			? value.split(',')
			: [];
	const names = given.map((name) => name.trim()).filter((name) => name !== '');
	return names.length === 0 ? undefined : names;
}
