import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { describeRules } from '../../../src/evaluation/promotion/ruleWords';
import { parseRef } from '../../../src/store/names';
import { readRules, ruleFields } from '../../shared/gateRules';
import { forEachItem } from '../../shared/items';
import { modelProperty, readModel } from '../../shared/modelLocator';
import { shownFor } from '../../shared/operation';
import { actor, aliasProperty, readAlias, reasonProperty } from '../aliasFields';
import { openStore, optionsWithStore } from '../storeOptions';

export const option = {
	name: 'Set Gate',
	value: 'setGate',
	action: 'Set the gate of a model',
	description: 'Say what an evaluation must reach before an alias may point at its version',
};

export const description = shownFor(option.value, [
	{ ...modelProperty, description: 'The model that the gate is for; a version after "@" plays no part' },
	aliasProperty,
	{
		displayName: 'Rules',
		name: 'rules',
		type: 'fixedCollection',
		typeOptions: { multipleValues: true, sortable: true },
		placeholder: 'Add rule',
		default: {},
		description:
			'All must be met by the newest evaluation of a version; a drop is measured from the version that the alias points at. No rules take the gate away.',
		options: [ruleFields],
	},
	optionsWithStore(reasonProperty),
]);

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	return forEachItem(context, async (_, index) => {
		const model = parseRef(readModel(context, index)).name;
		const alias = readAlias(context, index);
		const rules = readRules(context, index, 'rules');
		const why = context.getNodeParameter('options.reason', index, '') as string;
		const at = new Date().toISOString();
		const store = await openStore(context, index);
		await store.setGate(model, alias, { rules, at, by: actor(context), why });
		return { json: { model, alias, rules: rules.length, gate: describeRules(rules), at } };
	});
}
