import type { Decision, Route } from './decision';
import { decimal } from './words';

/** What a model has decided about an image by thresholds of its own. */
export interface VerdictReading {
	/** What is judged, as it begins a sentence: a category, or "The image". */
	readonly subject: string;
	readonly verdict: Route;
	readonly score: number;
	readonly threshold: number;
	/** Score above which review begins; absent when the model sends nothing to review. */
	readonly reviewThreshold?: number;
	/** What the threshold promises, in words. */
	readonly basis?: string;
}

/** Follows the model's own verdict, as its calibration was last set. */
export function decideByVerdict(reading: VerdictReading): Decision {
	const { subject, verdict, score, threshold, reviewThreshold, basis } = reading;
	const source = basis === undefined ? '' : ` (${basis})`;
	const review = reviewThreshold === undefined ? '' : `, review from ${decimal(reviewThreshold)}`;
	return {
		route: verdict,
		reason: `${subject} ${SAID[verdict]}: score ${decimal(score)} against the model's threshold ${decimal(threshold)}${review}${source}`,
	};
}

const SAID: Readonly<Record<Route, string>> = {
	anomaly: 'is anomalous',
	review: 'needs review',
	normal: 'is normal',
};
