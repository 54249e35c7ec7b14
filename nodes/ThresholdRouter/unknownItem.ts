import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import type { Decision } from '../../src/routing/decision';
import { decide } from '../../src/routing/route';
import { whyUnknown } from '../../src/routing/unknownRule';
import { categoryOf } from './fields';
import { InvalidItem } from './invalidItem';

/** Belongs into the node's Options. */
export const unknownProperty: INodeProperties = {
	displayName: 'Unknown Images',
	name: 'unknownImages',
	type: 'options',
	default: 'review',
	description:
		'Where images go that Score Image calls unlike anything seen in training, whatever they score',
	options: [
		{ name: 'Anomaly', value: 'anomaly' },
		{
			name: 'Invalid, or Review Without That Output',
			value: 'invalid',
			description: 'To the output for items that cannot be judged, where Invalid Output is on',
		},
		{ name: 'Review', value: 'review' },
		{
			name: 'Where the Rule Sends Them',
			value: 'rule',
			description: 'As if nothing were known about it; they may pass as normal',
		},
	],
};

/**
 * Where item `index` goes when its image is unlike anything seen in training; undefined when it is not, or when the rule is to decide.
 * @throws InvalidItem when it is to count as one that cannot be judged
 */
export function decideUnknownItem(context: IExecuteFunctions, index: number): Decision | undefined {
	const { outOfDistribution, unknownReason } = context.getInputData()[index].json;
	if (outOfDistribution !== true) return undefined;
	const place: unknown = context.getNodeParameter('options.unknownImages', index, 'review');
	if (place === 'rule') return undefined;
	const reading = {
		subject: categoryOf(context, index) ?? 'The image',
		...(typeof unknownReason === 'string' && unknownReason !== '' && { unknownReason }),
	};
	if (place === 'invalid' && context.getNodeParameter('invalidOutput', 0, false) === true)
		throw new InvalidItem({ message: whyUnknown(reading) });
	return decide({
		kind: 'unknown',
		rule: { route: place === 'anomaly' ? 'anomaly' : 'review' },
		reading,
	});
}
