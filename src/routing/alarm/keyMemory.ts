import type { Route } from '../decision';

/** What one key (a camera, a line, a category) has seen. Times are milliseconds since 1970. */
export interface KeyMemory {
	/** Time of the last part. */
	readonly lastAt: number;
	/** Where the last parts went, oldest first. */
	readonly recent: readonly Route[];
	/** Since when an alarm stands; null when none does. */
	readonly standingSince: number | null;
	/** Good parts in a row since an alarm stands. */
	readonly goodInRow: number;
	/** Time of the last alarm, which the cool-down counts from. */
	readonly lastAlarm: number | null;
	/** Times of the alarms since the last escalation, oldest first. */
	readonly alarms: readonly number[];
	/** Parts since the last alarm that would have raised another. */
	readonly suppressed: number;
	/** Oldest first. */
	readonly days: readonly DayCount[];
}

/** What happened on one day. */
export interface DayCount {
	/** Such as 2026-01-31, where the workflow lives. */
	readonly day: string;
	readonly parts: number;
	readonly anomalies: number;
	readonly reviews: number;
	/** Alarms raised, escalations among them. */
	readonly alarms: number;
	readonly escalations: number;
	/** Parts that would have raised an alarm, had there not been one already. */
	readonly suppressed: number;
}

/** Today and a week back. */
const KEPT_DAYS = 8;

/** A key that has seen nothing. */
export function freshMemory(at: number): KeyMemory {
	return {
		lastAt: at,
		recent: [],
		standingSince: null,
		goodInRow: 0,
		lastAlarm: null,
		alarms: [],
		suppressed: 0,
		days: [],
	};
}

/** The counts of a day without parts. */
export function emptyDay(day: string): DayCount {
	return { day, parts: 0, anomalies: 0, reviews: 0, alarms: 0, escalations: 0, suppressed: 0 };
}

/** Adds up counts of one day. */
export function sumDays(day: string, counts: readonly DayCount[]): DayCount {
	const sum = (field: Exclude<keyof DayCount, 'day'>): number =>
		counts.reduce((total, count) => total + count[field], 0);
	return {
		day,
		parts: sum('parts'),
		anomalies: sum('anomalies'),
		reviews: sum('reviews'),
		alarms: sum('alarms'),
		escalations: sum('escalations'),
		suppressed: sum('suppressed'),
	};
}

/** The counts with those of `added` on its day. */
export function addToDay(days: readonly DayCount[], added: DayCount): DayCount[] {
	const others = days.filter(({ day }) => day !== added.day);
	const same = days.filter(({ day }) => day === added.day);
	// The day at hand is kept whatever the others say: a clock that ran ahead has left days that are yet to come.
	const kept = others.sort((a, b) => (a.day < b.day ? -1 : 1)).slice(-(KEPT_DAYS - 1));
	return [...kept, sumDays(added.day, [...same, added])].sort((a, b) => (a.day < b.day ? -1 : 1));
}
