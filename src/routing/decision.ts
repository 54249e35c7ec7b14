/** Where a part goes. */
export type Route = 'normal' | 'review' | 'anomaly';

export interface Decision {
	readonly route: Route;
	/** Why, in one sentence for a person who does not see the workflow. */
	readonly reason: string;
}
