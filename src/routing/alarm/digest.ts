import type { AlarmBook } from './alarmBook';
import { labelOf } from './key';
import { sumDays, type DayCount } from './keyMemory';

/** The days that a digest is about, oldest first, each such as 2026-01-31. */
export type DigestDays = readonly [string, ...string[]];

/** What happened to one key. */
export interface KeyDigest {
	/** In words; empty for the key without fields. */
	readonly label: string;
	readonly counts: DayCount;
	/** Whether an alarm stands now. */
	readonly stands: boolean;
}

/** Counts of the days by key, keys without a part on them left out unless an alarm stands, most alarms first. */
export function digestOf(books: readonly AlarmBook[], days: DigestDays): KeyDigest[] {
	const period = periodOf(days);
	const digests = new Map<string, KeyDigest>();
	for (const [key, memory] of books.flatMap((book) => [...book])) {
		const before = digests.get(key);
		const counts = memory.days.filter(({ day }) => days.includes(day));
		const all = before === undefined ? counts : [before.counts, ...counts];
		digests.set(key, {
			label: labelOf(key),
			counts: sumDays(period, all),
			stands: before?.stands === true || memory.standingSince !== null,
		});
	}
	return [...digests.values()]
		.filter(({ counts, stands }) => counts.parts > 0 || stands)
		.sort(
			(a, b) =>
				b.counts.alarms - a.counts.alarms ||
				b.counts.anomalies - a.counts.anomalies ||
				a.label.localeCompare(b.label, 'en', { numeric: true }),
		);
}

/** The sum over keys. */
export function totalOf(digests: readonly KeyDigest[], days: DigestDays): DayCount {
	return sumDays(
		periodOf(days),
		digests.map(({ counts }) => counts),
	);
}

/** The last `count` days that end `back` days before the one of a moment, where the clock shows `timeZone`. */
export function daysBefore(
	at: number,
	{
		timeZone,
		back,
		count = 1,
	}: { readonly timeZone: string; readonly back: number; readonly count?: number },
): DigestDays {
	const today = Date.parse(`${dayOf(at, timeZone)}T12:00:00Z`);
	const day = (ago: number): string => new Date(today - ago * DAY_MS).toISOString().slice(0, 10);
	const [first, ...others] = Array.from({ length: count }, (_, i) => day(back + count - 1 - i));
	return [first, ...others];
}

/** The calendar day of a moment in a time zone, such as 2026-01-31. */
export function dayOf(at: number, timeZone: string): string {
	const parts = new Intl.DateTimeFormat('en-US', {
		timeZone,
		calendar: 'gregory',
		numberingSystem: 'latn',
		year: 'numeric',
		month: '2-digit',
		day: '2-digit',
	}).formatToParts(at);
	const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? '';
	return `${part('year')}-${part('month')}-${part('day')}`;
}

const DAY_MS = 24 * 3_600_000;

function periodOf(days: DigestDays): string {
	return days.length === 1 ? days[0] : `${days[0]} to ${days[days.length - 1]}`;
}
