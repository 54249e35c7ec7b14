import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { traceLineage } from '../../../src/evaluation/promotion/lineage';
import { openEvaluationRuns } from '../../../src/store/evaluationRuns';
import { describeZones } from '../../../src/zones/inspectionZones';
import { forEachItem } from '../../shared/items';
import { modelProperty, readModel } from '../../shared/modelLocator';
import { shownFor } from '../../shared/operation';
import { readStore } from '../../shared/store';
import { aliasNames, cardFields } from '../modelItem';
import { openStore, optionsWithStore } from '../storeOptions';

export const option = {
	name: 'Get',
	value: 'get',
	action: 'Get a model',
	description: 'Get what a model was trained on and with, after checking its files',
};

export const description = shownFor(option.value, [
	modelProperty,
	optionsWithStore(
		{
			displayName: 'Include Alias History',
			name: 'includeHistory',
			type: 'boolean',
			default: false,
			description: 'Whether to add "history": every move of every alias of this model, oldest first',
		},
		{
			displayName: 'Include Card',
			name: 'includeCard',
			type: 'boolean',
			default: false,
			description: 'Whether to add "card": all that is recorded about the model, as an object',
		},
		{
			displayName: 'Include Lineage',
			name: 'includeLineage',
			type: 'boolean',
			default: false,
			description:
				'Whether to add "lineage": data, encoder, versions that it was made from, evaluations and aliases, as an object',
		},
	),
]);

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	return forEachItem(context, async (_, index) => {
		const store = await openStore(context, index);
		const { name, version, path, card, calibration, zones } = await store.open(readModel(context, index));
		const { aliases = {} } = (await store.list()).find((model) => model.name === name) ?? {};
		const json: IDataObject = {
			model: name,
			version,
			aliases: aliasNames(aliases, version),
			path,
			calibrated: calibration !== undefined,
			zones: zones === undefined ? '' : describeZones(zones),
			...cardFields({ card }),
		};
		if (context.getNodeParameter('options.includeCard', index, false) === true) json.card = card;
		if (context.getNodeParameter('options.includeHistory', index, false) === true)
			json.history = (await store.history(name)).map((move) => ({ ...move }));
		if (context.getNodeParameter('options.includeLineage', index, false) === true) {
			const runs = openEvaluationRuns(await readStore(context, index));
			json.lineage = { ...(await traceLineage(store, runs, `${name}@${version}`)) };
		}
		return { json };
	});
}
