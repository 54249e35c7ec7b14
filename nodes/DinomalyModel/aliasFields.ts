import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { PRODUCTION } from '../../src/store/names';

export const aliasProperty: INodeProperties = {
	displayName: 'Alias',
	name: 'alias',
	type: 'string',
	default: PRODUCTION,
	required: true,
	placeholder: 'e.g. production or candidate',
	description: 'Name that stands for a version; a model name alone means the alias "production"',
};

export const reasonProperty: INodeProperties = {
	displayName: 'Reason',
	name: 'reason',
	type: 'string',
	default: '',
	placeholder: 'e.g. passed the nightly evaluation',
	description: "Why it is done, for the alias's history",
};

export function readAlias(context: IExecuteFunctions, index: number): string {
	return (context.getNodeParameter('alias', index, PRODUCTION) as string).trim();
}

/** Who acts, for the history of an alias. */
export function actor(context: IExecuteFunctions): string {
	const { name } = context.getWorkflow();
	return `n8n workflow "${name ?? 'unnamed'}", execution ${context.getExecutionId()}`;
}
