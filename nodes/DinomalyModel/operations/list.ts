import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { ModelStore, ModelSummary } from '../../../src/store/modelStore';
import { PRODUCTION } from '../../../src/store/names';
import { forEachItem } from '../../shared/items';
import { shownFor } from '../../shared/operation';
import { cardFields } from '../modelItem';
import { openStore, optionsWithStore } from '../storeOptions';

export const option = {
	name: 'List',
	value: 'list',
	action: 'List models',
	description: 'Get an item for each model of the store, or for each version',
};

export const description = shownFor(option.value, [
	{
		displayName: 'Output',
		name: 'output',
		type: 'options',
		default: 'models',
		description: 'What an item stands for',
		options: [
			{ name: 'One Item per Model', value: 'models', description: 'Each model with its aliases' },
			{
				name: 'One Item per Version',
				value: 'versions',
				description: 'Each version of each model, with what it was trained on',
			},
		],
	},
	optionsWithStore(),
]);

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	return forEachItem(context, async (_, index) => {
		const store = await openStore(context, index);
		const models = await store.list();
		const perVersion = context.getNodeParameter('output', index, 'models') === 'versions';
		const rows: IDataObject[] = perVersion
			? (await Promise.all(models.map((model) => versionsOf(store, model)))).flat()
			: models.map(modelFields);
		return rows.map((json) => ({ json, pairedItem: { item: index } }));
	});
}

function modelFields({ name, versions, newest, aliases, problem }: ModelSummary): IDataObject {
	return {
		model: name,
		versions,
		newest,
		production: aliases[PRODUCTION] ?? null,
		aliases: Object.entries(aliases)
			.map(([alias, version]) => `${alias}: ${version}`)
			.join(', '),
		problem: problem ?? '',
	};
}

async function versionsOf(store: ModelStore, { name }: ModelSummary): Promise<IDataObject[]> {
	const versions = await store.versions(name);
	return versions.map(({ version, aliases, card, problem }) => ({
		model: name,
		version,
		aliases: aliases.join(', '),
		problem: problem ?? '',
		...(card && cardFields({ card })),
	}));
}
