import type { Decision } from './decision';

/** What a person's own conditions say about a part. */
export interface ConditionReading {
	/** What is judged, as it begins a sentence: a category, or "The item". */
	readonly subject: string;
	readonly anomaly: boolean;
	/** Without it nothing goes to review. */
	readonly review?: boolean;
	/** What the conditions look for, in the person's own words: "more than two scratches". */
	readonly meaning?: string;
}

/** Decides by conditions that were worked out already; being anomalous goes before being doubtful. */
export function decideByCondition({ subject, anomaly, review, meaning }: ConditionReading): Decision {
	const because = meaning === undefined ? '' : ` (${meaning})`;
	if (anomaly)
		return {
			route: 'anomaly',
			reason: `${subject} is anomalous: the condition for it holds${because}`,
		};
	if (review === true)
		return {
			route: 'review',
			reason: `${subject} needs review: the condition for review holds, the one for anomalous does not${because}`,
		};
	return {
		route: 'normal',
		reason: `${subject} is normal: ${review === undefined ? 'the condition for anomalous does not hold' : 'neither condition holds'}${because}`,
	};
}
