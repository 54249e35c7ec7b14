import type { IExecuteFunctions } from 'n8n-workflow';
import type { CalibrationRule } from '../../src/routing/calibrationRule';
import type { LimitRule } from '../../src/routing/limitRule';

/** What a row of the tables holds; which of the numbers depends on the table. */
interface Row extends Partial<CalibrationRule>, Partial<Omit<LimitRule, 'direction'>> {
	readonly category: string;
}

/** The calibration rule for an item of a category. */
export function readCalibrationRule(
	context: IExecuteFunctions,
	index: number,
	itemCategory: string | undefined,
): CalibrationRule {
	const own = rowFor(context, index, { table: 'calibrationByCategory', itemCategory });
	const number = (name: 'falseAlarmRate' | 'reviewRate'): number =>
		Number(own?.[name] ?? context.getNodeParameter(name, index, 0));
	return {
		falseAlarmRate: number('falseAlarmRate'),
		...(hasReviewBand(context, index) && { reviewRate: number('reviewRate') }),
	};
}

/** The limits for an item of a category. */
export function readLimitRule(
	context: IExecuteFunctions,
	index: number,
	itemCategory: string | undefined,
): LimitRule {
	const own = rowFor(context, index, { table: 'limitsByCategory', itemCategory });
	const number = (name: 'threshold' | 'reviewThreshold'): number =>
		Number(own?.[name] ?? context.getNodeParameter(name, index, 0));
	return {
		direction: context.getNodeParameter('direction', index, 'above') as LimitRule['direction'],
		threshold: number('threshold'),
		...(hasReviewBand(context, index) && { reviewThreshold: number('reviewThreshold') }),
	};
}

export function hasReviewBand(context: IExecuteFunctions, index: number): boolean {
	return context.getNodeParameter('reviewBand', index, true) === true;
}

function rowFor(
	context: IExecuteFunctions,
	index: number,
	{ table, itemCategory }: { readonly table: string; readonly itemCategory: string | undefined },
): Row | undefined {
	if (itemCategory === undefined) return undefined;
	const found = context.getNodeParameter(`${table}.rows`, index, []) as Row[];
	return found.find((row) => row.category.trim() === itemCategory);
}
