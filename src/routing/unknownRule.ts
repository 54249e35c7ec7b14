import type { Decision, Route } from './decision';

/** What a model has said about an image that is unlike all that it was trained on. */
export interface UnknownReading {
	/** What is judged, as it begins a sentence: a category, or "The image". */
	readonly subject: string;
	/** The model's own sentence; absent when it was lost on the way. */
	readonly unknownReason?: string;
}

/** Where such images go, whatever they score: a score means little for what a model has never seen. */
export interface UnknownRule {
	readonly route: Exclude<Route, 'normal'>;
}

/** Sends an image that is unlike anything seen in training where a person wants it; never to the normal ones. */
export function decideUnknown(reading: UnknownReading, { route }: UnknownRule): Decision {
	return { route, reason: `${reading.subject} ${SAID[route]}: ${whyUnknown(reading)}` };
}

/** Why, to go after a colon. */
export function whyUnknown({ unknownReason }: Pick<UnknownReading, 'unknownReason'>): string {
	if (unknownReason === undefined) return 'unlike anything seen in training';
	return `${unknownReason.charAt(0).toLowerCase()}${unknownReason.slice(1)}`;
}

const SAID: Readonly<Record<UnknownRule['route'], string>> = {
	anomaly: 'counts as anomalous',
	review: 'needs review',
};
