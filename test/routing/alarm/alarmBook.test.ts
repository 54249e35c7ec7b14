import fc from 'fast-check';
import {
	ALARM_BOOK,
	enterParts,
	MAX_KEYS,
	type AlarmBook,
	type AlarmCase,
} from '../../../src/routing/alarm/alarmBook';
import { keyOf, labelOf } from '../../../src/routing/alarm/key';
import { emptyDay, type KeyMemory } from '../../../src/routing/alarm/keyMemory';
import type { AlarmRule } from '../../../src/routing/alarm/rule';
import type { Route } from '../../../src/routing/decision';
import { JsonFields } from '../../../src/store/jsonFields';

const rule: AlarmRule = {
	bad: 2,
	of: 5,
	countReview: false,
	coolDownMs: 10,
	endAfter: 3,
	escalation: { alarms: 3, withinMs: 100 },
	forgetAfterMs: 1000,
};
const day = '2026-01-31';
const key = (name: string) => keyOf([['line', name]]);
const part = (name: string, route: Route = 'anomaly'): AlarmCase => ({ key: key(name), route, rule });
const saved = (book: AlarmBook): AlarmBook => {
	const text = JSON.stringify({ schemaVersion: 1, ...ALARM_BOOK.print(book) });
	return ALARM_BOOK.parse(new JsonFields(JSON.parse(text), 'the file'));
};

test('keys do not know of each other', () => {
	const cases = [part('1'), part('2'), part('1'), part('2', 'normal')];
	const { value, result } = enterParts(new Map(), cases, { at: 1, day });
	expect(result.map(({ decision }) => decision.alarm)).toEqual(['counting', 'counting', 'raised', 'none']);
	expect(result.map(({ stands }) => stands)).toEqual([false, false, true, false]);
	expect(result.map(({ today }) => today.parts)).toEqual([1, 1, 2, 2]);
	expect([...value.keys()]).toEqual([key('1'), key('2')]);
});

test('a book that went through its file decides as one that never did', () => {
	const parts = fc.array(
		fc.tuple(
			fc.constantFrom('1', '2'),
			fc.constantFrom<Route>('normal', 'review', 'anomaly'),
			fc.integer({ min: -5, max: 30 }),
		),
		{ maxLength: 40 },
	);
	fc.assert(
		fc.property(parts, (history) => {
			let kept: AlarmBook = new Map();
			let written: AlarmBook = new Map();
			let at = 1000;
			for (const [line, route, ms] of history) {
				at += ms;
				const inMemory = enterParts(kept, [part(line, route)], { at, day });
				const onDisk = enterParts(written, [part(line, route)], { at, day });
				expect(onDisk.result).toEqual(inMemory.result);
				kept = inMemory.value;
				written = saved(onDisk.value);
			}
			expect(written).toEqual(kept);
		}),
	);
});

test('the keys that were seen last are kept, and the largest file stays below its limit', () => {
	const days = Array.from({ length: 8 }, (_, i) => ({
		...emptyDay(`2026-01-1${i}`),
		parts: 1e9,
		reviews: 1e9,
	}));
	const memory: KeyMemory = {
		lastAt: 1e15 + 0.5,
		recent: Array.from({ length: 500 }, () => 'review'),
		standingSince: 1e15 + 0.5,
		goodInRow: 499,
		lastAlarm: 1e15 + 0.5,
		alarms: Array.from({ length: 100 }, () => 1e15 + 0.5),
		suppressed: 1e9,
		days,
	};
	const names = Array.from({ length: MAX_KEYS + 100 }, (_, i) => `${'x'.repeat(200)}${i}`);
	const full: AlarmBook = new Map(names.slice(100).map((name) => [key(name), memory]));
	const text = JSON.stringify({ schemaVersion: 1, ...ALARM_BOOK.print(full) });
	expect(text.length).toBeLessThan(ALARM_BOOK.maxBytes);
	expect(saved(full)).toEqual(full);
	const cases = [part(names[100]), part(names[0])];
	const { value } = enterParts(full, cases, { at: 1, day });
	expect(value.size).toBe(MAX_KEYS);
	expect([...value.keys()].slice(-2)).toEqual([key(names[100]), key(names[0])]);
	expect(value.has(key(names[101]))).toBe(false);
});

test('days are counted for a week, and the day at hand always, even when a clock was ahead', () => {
	let book: AlarmBook = new Map();
	const days = ['2027-06-01', ...Array.from({ length: 12 }, (_, i) => `2026-01-${String(i + 10)}`)];
	for (const one of days)
		book = enterParts(book, [part('1'), part('1', 'review')], { at: 1, day: one }).value;
	const kept = book.get(key('1'))!.days;
	expect(kept.map((count) => count.day)).toEqual([...days.slice(-7), '2027-06-01']);
	expect(kept[0]).toMatchObject({ parts: 2, anomalies: 1, reviews: 1 });
});

test.each([
	[{ key: 'line' }, /"keys\[0\].key" .* to be a list of fields with their values/],
	[{ recent: 'nax.' }, /"keys\[0\].recent" .* letters n, r and a/],
	[{ recent: 'na' }, /"keys\[0\].recent"/],
	[{ alarms: [2, 1] }, /"keys\[0\].alarms" .* ascending/],
	[{ alarms: Array.from({ length: 101 }, () => 1) }, /"keys\[0\].alarms" .* at most 100 moments/],
	[{ standingSince: 'yesterday' }, /"keys\[0\].standingSince"/],
	[{ lastAlarm: undefined }, /"keys\[0\].lastAlarm" .*, found nothing/],
	[{ days: [{ day: 'Monday' }] }, /"keys\[0\].days\[0\].day" .* a day such as/],
])('a file with %j is refused', (change, message) => {
	const { value } = enterParts(new Map(), [part('1')], { at: 1, day });
	const { keys } = ALARM_BOOK.print(value) as { keys: object[] };
	const text = JSON.stringify({ keys: [{ ...keys[0], ...change }] });
	expect(() => ALARM_BOOK.parse(new JsonFields(JSON.parse(text), 'the file'))).toThrow(message);
});

test('a key reads as words, and long values stay apart', () => {
	expect(labelOf(keyOf([]))).toBe('');
	expect(
		labelOf(
			keyOf([
				['camera', '3'],
				['category', 'bottle'],
			]),
		),
	).toBe('camera 3, category bottle');
	const long = (end: string) => keyOf([['line', 'x'.repeat(300) + end]]);
	expect(long('1')).not.toBe(long('2'));
	expect(labelOf(long('1')).length).toBeLessThanOrEqual('line '.length + 80);
	expect(keyOf([['a', '1, b 2']])).not.toBe(
		keyOf([
			['a', '1'],
			['b', '2'],
		]),
	);
});
