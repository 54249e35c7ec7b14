import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import type { ConditionReading } from '../../src/routing/conditionRule';
import { failed } from '../shared/failure';
import { readText } from './fields';
import { InvalidItem } from './invalidItem';
import { shownValue } from '../../src/shownValue';

const byCondition = { rule: ['condition'] };

/** What decides when a person's own conditions do. */
export const conditionProperties: INodeProperties[] = [
	{
		displayName: 'Anomalous When',
		name: 'anomalyWhen',
		type: 'boolean',
		default: false,
		description:
			'Whether the part is anomalous: choose Expression and give a condition that compares fields of the item',
		displayOptions: { show: byCondition },
	},
	{
		displayName: 'Meaning',
		name: 'conditionMeaning',
		type: 'string',
		default: '',
		placeholder: 'e.g. more than two scratches',
		description: 'What the condition looks for, in words for the reason',
		displayOptions: { show: byCondition },
	},
];

/** Where review begins; it comes after the switch for the review band. */
export const conditionReviewProperties: INodeProperties[] = [
	{
		displayName: 'Review When',
		name: 'reviewWhen',
		type: 'boolean',
		default: false,
		description:
			'Whether a part that is not anomalous goes to review: choose Expression and give a condition',
		displayOptions: { show: { ...byCondition, reviewBand: [true] } },
	},
];

/** What the conditions say of item `index`; throws InvalidItem when an expression gives neither true nor false. */
export function readCondition(
	context: IExecuteFunctions,
	index: number,
	hasReview: boolean,
): Omit<ConditionReading, 'subject'> {
	const written = context.getNode().parameters.anomalyWhen;
	if (typeof written !== 'string' || !written.startsWith('='))
		throw failed(
			context.getNode(),
			{
				message: 'Expected an expression in "Anomalous When", found a fixed value',
				hint: 'A fixed value would send every part the same way: choose Expression and give a condition.',
			},
			index,
		);
	const meaning = readText(context, index, { name: 'conditionMeaning' });
	return {
		anomaly: truth(context, index, { name: 'anomalyWhen', title: 'Anomalous When' }),
		...(hasReview && { review: truth(context, index, { name: 'reviewWhen', title: 'Review When' }) }),
		...(meaning !== '' && { meaning }),
	};
}

function truth(
	context: IExecuteFunctions,
	index: number,
	{ name, title }: { readonly name: string; readonly title: string },
): boolean {
	const value: unknown = context.getNodeParameter(name, index, false);
	if (value === true || value === 'true') return true;
	if (value === false || value === 'false') return false;
	throw new InvalidItem({
		message: `Expected true or false from "${title}", found ${shownValue(value)}`,
		hint: 'Compare the field with something, as in {{ $json.score > 3 }}.',
	});
}
