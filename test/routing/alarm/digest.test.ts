import { enterParts, type AlarmBook } from '../../../src/routing/alarm/alarmBook';
import { dayOf, daysBefore, digestOf, totalOf } from '../../../src/routing/alarm/digest';
import { keyOf } from '../../../src/routing/alarm/key';
import type { AlarmRule } from '../../../src/routing/alarm/rule';
import type { Route } from '../../../src/routing/decision';

const rule: AlarmRule = { bad: 1, of: 1, countReview: false, coolDownMs: 0, endAfter: 0, forgetAfterMs: 1e9 };
const part = (line: string, route: Route, more: Partial<AlarmRule> = {}) => ({
	key: keyOf([['line', line]]),
	route,
	rule: { ...rule, ...more },
});

function bookOf(days: Readonly<Record<string, ReturnType<typeof part>[]>>): AlarmBook {
	let book: AlarmBook = new Map();
	for (const [day, parts] of Object.entries(days)) book = enterParts(book, parts, { at: 1, day }).value;
	return book;
}

test('a digest adds up the books of several nodes by key, worst first', () => {
	const first = bookOf({
		'2026-01-30': [part('1', 'anomaly')],
		'2026-01-31': [part('1', 'normal'), part('2', 'anomaly'), part('2', 'review')],
	});
	const second = bookOf({ '2026-01-31': [part('2', 'normal')], '2026-02-01': [part('9', 'normal')] });
	const digest = digestOf([first, second], ['2026-01-31']);
	expect(digest.map(({ label, counts }) => [label, counts.parts, counts.anomalies, counts.alarms])).toEqual(
		[
			['line 2', 3, 1, 1],
			['line 1', 1, 0, 0],
		],
	);
	expect(totalOf(digest, ['2026-01-31'])).toMatchObject({
		day: '2026-01-31',
		parts: 4,
		reviews: 1,
		alarms: 1,
	});
	const both = digestOf([first, second], ['2026-01-30', '2026-01-31']);
	expect(totalOf(both, ['2026-01-30', '2026-01-31'])).toMatchObject({
		day: '2026-01-30 to 2026-01-31',
		parts: 5,
	});
});

test('an alarm that stands is told even when the key was quiet', () => {
	const book = bookOf({ '2026-01-01': [part('1', 'anomaly', { endAfter: 3 })] });
	expect(digestOf([book], ['2026-01-31'])).toMatchObject([
		{ label: 'line 1', stands: true, counts: { parts: 0 } },
	]);
});

test('a day is that of the time zone, also where clocks change', () => {
	const lateEvening = Date.parse('2026-03-28T23:30:00Z');
	expect(dayOf(lateEvening, 'UTC')).toBe('2026-03-28');
	expect(dayOf(lateEvening, 'Europe/Berlin')).toBe('2026-03-29');
	expect(dayOf(lateEvening, 'America/New_York')).toBe('2026-03-28');
	// The night in which Berlin's day has 23 hours: a day before is still the day before.
	expect(daysBefore(Date.parse('2026-03-29T22:30:00Z'), { timeZone: 'Europe/Berlin', back: 1 })).toEqual([
		'2026-03-29',
	]);
	expect(daysBefore(lateEvening, { timeZone: 'UTC', back: 1, count: 3 })).toEqual([
		'2026-03-25',
		'2026-03-26',
		'2026-03-27',
	]);
});
