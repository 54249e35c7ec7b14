import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { rollBack } from '../../../src/evaluation/promotion/rollBack';
import { parseRef } from '../../../src/store/names';
import { forEachItem } from '../../shared/items';
import { modelProperty, readModel } from '../../shared/modelLocator';
import { shownFor } from '../../shared/operation';
import { actor, aliasProperty, readAlias, reasonProperty } from '../aliasFields';
import { openStore, optionsWithStore } from '../storeOptions';

export const option = {
	name: 'Roll Back',
	value: 'rollBack',
	action: 'Roll back a model',
	description: 'Point an alias back at the version that it pointed at before, without asking its gate',
};

export const description = shownFor(option.value, [
	{
		...modelProperty,
		description: 'The model whose alias is moved back; a version after "@" plays no part',
	},
	aliasProperty,
	optionsWithStore(reasonProperty),
]);

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	return forEachItem(context, async (_, index) => {
		const model = parseRef(readModel(context, index)).name;
		const alias = readAlias(context, index);
		const why = context.getNodeParameter('options.reason', index, '') as string;
		const store = await openStore(context, index);
		const { from, to, at } = await rollBack(store, { model, alias }, { by: actor(context), why });
		return { json: { model, version: to, alias, previousVersion: from, at } };
	});
}
