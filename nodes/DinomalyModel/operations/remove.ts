import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { parseRef } from '../../../src/store/names';
import { failed } from '../../shared/failure';
import { forEachItem } from '../../shared/items';
import { modelProperty, readModel } from '../../shared/modelLocator';
import { shownFor } from '../../shared/operation';
import { openStore, optionsWithStore } from '../storeOptions';

export const option = {
	name: 'Delete',
	value: 'delete',
	action: 'Delete a model',
	description: 'Delete one version, or a model with all its versions, for good',
};

export const description = shownFor(option.value, [
	{
		displayName: 'What to Delete',
		name: 'scope',
		type: 'options',
		default: 'version',
		description: 'How much to delete',
		options: [
			{
				name: 'All Versions',
				value: 'model',
				description: 'The model with all versions, aliases and their history',
			},
			{ name: 'One Version', value: 'version', description: 'The version that is named by its number' },
		],
	},
	{
		...modelProperty,
		description: 'What to delete: name@version for one version, the name alone for all versions',
	},
	optionsWithStore({
		displayName: 'Even if an Alias Points at It',
		name: 'force',
		type: 'boolean',
		default: false,
		description: 'Whether to take away aliases that point at it, instead of failing',
	}),
]);

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	return forEachItem(context, async (_, index) => {
		const ref = parseRef(readModel(context, index));
		const store = await openStore(context, index);
		const force = context.getNodeParameter('options.force', index, false) as boolean;
		const all = context.getNodeParameter('scope', index, 'version') === 'model';
		if (all && ref.kind !== 'name') {
			const message = `Expected a model name without version to delete all of it, found "${readModel(context, index)}"`;
			const hint = `Give "${ref.name}" to delete all versions, or set What to Delete to One Version.`;
			throw failed(context.getNode(), { message, hint }, index);
		}
		if (all) await store.removeModel(ref.name, { force });
		else await store.remove(readModel(context, index), { force });
		return {
			json: { model: ref.name, version: ref.kind === 'version' ? ref.version : null, deleted: true },
		};
	});
}
