import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { pruneVersions } from '../../../src/evaluation/promotion/retention';
import { parseRef } from '../../../src/store/names';
import { forEachItem } from '../../shared/items';
import { modelProperty, readModel } from '../../shared/modelLocator';
import { shownFor } from '../../shared/operation';
import { actor } from '../aliasFields';
import { openStore, optionsWithStore } from '../storeOptions';

export const option = {
	name: 'Prune',
	value: 'prune',
	action: 'Prune a model',
	description: 'Delete old versions; the newest, and those with an alias or to roll back to, stay',
};

export const description = shownFor(option.value, [
	{ ...modelProperty, description: 'The model whose old versions go; a version after "@" plays no part' },
	{
		displayName: 'Keep',
		name: 'keep',
		type: 'number',
		typeOptions: { minValue: 1, numberPrecision: 0 },
		default: 10,
		description: 'How many of the newest versions stay',
	},
	optionsWithStore({
		displayName: 'Only Tell',
		name: 'dryRun',
		type: 'boolean',
		default: false,
		description: 'Whether to say what would go without deleting anything',
	}),
]);

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	return forEachItem(context, async (_, index) => {
		const model = parseRef(readModel(context, index)).name;
		const keep = Number(context.getNodeParameter('keep', index, 10));
		const dryRun = context.getNodeParameter('options.dryRun', index, false) === true;
		const store = await openStore(context, index);
		const { removed, kept } = await pruneVersions(store, { model, keep, dryRun, by: actor(context) });
		return {
			json: {
				model,
				removed: removed.join(', '),
				removedVersions: removed.length,
				kept: kept.join(', '),
				dryRun,
			},
		};
	});
}
