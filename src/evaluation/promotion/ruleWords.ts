import type { PromotionRule } from '../../store/promotionGate';
import { metricInWords } from '../metricNames';

/** Rules as a sentence tells them: "mean image AUROC at least 0.95; AUPRO of every category may fall by at most 0.02". */
export function describeRules(rules: readonly PromotionRule[]): string {
	return rules.map(describeRule).join('; ');
}

function describeRule({ metric, scope, category, floor, largestDrop }: PromotionRule): string {
	const words = metricInWords(metric);
	const subject =
		scope === 'mean'
			? `mean ${words}`
			: `${words} of ${scope === 'category' ? `"${category ?? ''}"` : 'every category'}`;
	const demands = [
		...(floor === undefined ? [] : [`at least ${floor}`]),
		...(largestDrop === undefined ? [] : [`may fall by at most ${largestDrop}`]),
	];
	return `${subject} ${demands.join(', ')}`;
}
