import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { parseRef, PRODUCTION } from '../../../src/store/names';
import { forEachItem } from '../../shared/items';
import { modelProperty, readModel } from '../../shared/modelLocator';
import { shownFor } from '../../shared/operation';
import { openStore, optionsWithStore } from '../storeOptions';

export const option = {
	name: 'Promote',
	value: 'promote',
	action: 'Promote a model',
	description: 'Point an alias such as "production" at a version, at once for all who use it',
};

export const description = shownFor(option.value, [
	{
		...modelProperty,
		description:
			'The version to promote: name@version, name@latest for the newest, or name@alias for the one that another alias points at',
	},
	{
		displayName: 'Alias',
		name: 'alias',
		type: 'string',
		default: PRODUCTION,
		required: true,
		placeholder: 'e.g. production or candidate',
		description: 'Name that is to mean this version; a model name alone means the alias "production"',
	},
	optionsWithStore({
		displayName: 'Reason',
		name: 'reason',
		type: 'string',
		default: '',
		placeholder: 'e.g. passed the nightly evaluation',
		description: "Why it is promoted, for the alias's history",
	}),
]);

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	return forEachItem(context, async (_, index) => {
		const ref = readModel(context, index);
		const store = await openStore(context, index);
		const alias = (context.getNodeParameter('alias', index, PRODUCTION) as string).trim();
		const why = context.getNodeParameter('options.reason', index, '') as string;
		const { from, to, at } = await store.promote(ref, alias, { by: actor(context), why });
		return { json: { model: parseRef(ref).name, version: to, alias, previousVersion: from, at } };
	});
}

/** Who moved the alias, for its history. */
function actor(context: IExecuteFunctions): string {
	const { name } = context.getWorkflow();
	return `n8n workflow "${name ?? 'unnamed'}", execution ${context.getExecutionId()}`;
}
