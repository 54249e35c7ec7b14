import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { gateRefused, promoteThroughGate } from '../../../src/evaluation/promotion/promote';
import { openEvaluationRuns } from '../../../src/store/evaluationRuns';
import { parseRef } from '../../../src/store/names';
import { openModelStore } from '../../../src/store/openModelStore';
import { forEachItem } from '../../shared/items';
import { modelProperty, readModel } from '../../shared/modelLocator';
import { shownFor } from '../../shared/operation';
import { readStore } from '../../shared/store';
import { actor, aliasProperty, readAlias, reasonProperty } from '../aliasFields';
import { optionsWithStore } from '../storeOptions';

export const option = {
	name: 'Promote',
	value: 'promote',
	action: 'Promote a model',
	description:
		'Point an alias such as "production" at a version that passes its gate, at once for all who use it',
};

export const description = shownFor(option.value, [
	{
		...modelProperty,
		description:
			'The version to promote: name@version, name@latest for the newest, or name@alias for the one that another alias points at',
	},
	aliasProperty,
	optionsWithStore(
		{
			displayName: 'If the Gate Refuses',
			name: 'ifRefused',
			type: 'options',
			default: 'fail',
			description:
				'What to do when the evaluation of the version does not pass the gate of the alias (operation Set Gate)',
			options: [
				{
					name: 'Fail',
					value: 'fail',
					description: 'Stop with an error that says what fell short; the alias stays where it is',
				},
				{
					name: 'Give an Item',
					value: 'report',
					description:
						'Go on with an item whose field promoted is false; the alias stays where it is',
				},
				{
					name: 'Promote All the Same',
					value: 'force',
					description: 'Move the alias, and say so in its history; needs a reason',
				},
			],
		},
		reasonProperty,
	),
]);

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	return forEachItem(context, async (_, index) => {
		const ref = readModel(context, index);
		const folder = await readStore(context, index);
		const alias = readAlias(context, index);
		const ifRefused = context.getNodeParameter('options.ifRefused', index, 'fail') as string;
		const promotion = await promoteThroughGate({
			store: openModelStore(folder),
			runs: openEvaluationRuns(folder),
			ref,
			alias,
			force: ifRefused === 'force',
			by: actor(context),
			why: context.getNodeParameter('options.reason', index, '') as string,
		});
		const model = parseRef(ref).name;
		if (promotion.moved) {
			const { from, to, at, gate } = promotion.move;
			const judged = gate && { gatePassed: gate.passed, gateReason: gate.reason, runId: gate.run };
			return {
				json: { model, version: to, alias, previousVersion: from, at, promoted: true, ...judged },
			};
		}
		const { version, gate } = promotion;
		if (ifRefused !== 'report') throw gateRefused(ref, alias, gate);
		return {
			json: {
				model,
				version,
				alias,
				promoted: false,
				gatePassed: false,
				gateReason: gate.reason,
				runId: gate.run,
			},
		};
	});
}
