import { DinomalyError } from '../errors';
import type { Decision } from './decision';
import { decimal } from './words';

/** Limits that a person has set on a number. */
export interface LimitRule {
	/** Which side is anomalous. */
	readonly direction: 'above' | 'below';
	/** A value beyond it is anomalous; the value itself is not. */
	readonly threshold: number;
	/** A value beyond it, but not beyond `threshold`, goes to review; without it nothing does. */
	readonly reviewThreshold?: number;
	/** Where the threshold comes from, for the reason; nothing is said when a person has set it. */
	readonly basis?: string;
}

export interface LimitReading {
	/** What is judged, as it begins a sentence: a category, or "The item". */
	readonly subject: string;
	/** Name of the number. */
	readonly field: string;
	readonly value: number;
}

/** Decides by fixed limits. Throws CONFIG_INVALID when the limits are no numbers or the review band lies on the wrong side. */
export function decideByLimits(reading: LimitReading, rule: LimitRule): Decision {
	checkRule(rule);
	const { direction, threshold, reviewThreshold, basis } = rule;
	const { subject, field, value } = reading;
	const beyond = (limit: number): boolean => (direction === 'above' ? value > limit : value < limit);
	const found = `${field} ${decimal(value)}`;
	const source = basis === undefined ? '' : ` (${basis})`;
	if (beyond(threshold))
		return {
			route: 'anomaly',
			reason: `${subject} is anomalous: ${found} is ${direction} threshold ${decimal(threshold)}${source}`,
		};
	if (reviewThreshold !== undefined && beyond(reviewThreshold))
		return {
			route: 'review',
			reason: `${subject} needs review: ${found} is ${direction} ${decimal(reviewThreshold)}, but not ${direction} threshold ${decimal(threshold)}${source}`,
		};
	return {
		route: 'normal',
		reason: `${subject} is normal: ${found} is not ${direction} ${decimal(reviewThreshold ?? threshold)}${source}`,
	};
}

function checkRule({ direction, threshold, reviewThreshold }: LimitRule): void {
	if (!Number.isFinite(threshold)) {
		throw new DinomalyError('CONFIG_INVALID', `Expected a number as threshold, found ${threshold}`, {
			hint: 'Set Threshold to a number, or let an expression give one.',
		});
	}
	if (reviewThreshold === undefined) return;
	const inOrder = direction === 'above' ? reviewThreshold <= threshold : reviewThreshold >= threshold;
	if (inOrder) return;
	const side = direction === 'above' ? 'at most' : 'at least';
	throw new DinomalyError(
		'CONFIG_INVALID',
		`Expected a review threshold of ${side} the threshold ${threshold}, found ${reviewThreshold}`,
		{
			hint: 'Review takes the values between the two, so it begins on the normal side of the threshold.',
		},
	);
}
