import fc from 'fast-check';
import { DinomalyError } from '../../../src/errors';
import type { Route } from '../../../src/routing/decision';
import { checkAlarmRule, type AlarmRule } from '../../../src/routing/alarm/rule';
import type { KeyMemory } from '../../../src/routing/alarm/keyMemory';
import { step, type AlarmDecision } from '../../../src/routing/alarm/step';
import { naiveVerdicts, type Event, type Verdict } from './naive';

const MINUTE = 60_000;
const every: AlarmRule = {
	bad: 1,
	of: 1,
	countReview: false,
	coolDownMs: 0,
	endAfter: 0,
	forgetAfterMs: 24 * 60 * MINUTE,
};

/** Steps through a history as a router does, part by part. */
function walk(
	history: readonly Event[],
	rule: AlarmRule,
): { decisions: AlarmDecision[]; memory?: KeyMemory } {
	checkAlarmRule(rule);
	let memory: KeyMemory | undefined;
	const decisions = history.map(({ at, route }) => {
		const stepped = step(memory, { at, route, day: '2026-01-31' }, rule);
		memory = stepped.memory;
		return stepped.decision;
	});
	return { decisions, ...(memory && { memory }) };
}

function verdict(decision: AlarmDecision): Verdict {
	return decision.alarm === 'suppressed' ? decision.by : decision.alarm;
}

const ROUTES: Readonly<Record<string, Route>> = { n: 'normal', r: 'review', a: 'anomaly' };
const SHORT: Readonly<Record<Verdict, string>> = {
	none: '.',
	counting: 'c',
	raised: 'R',
	escalated: 'E',
	coolDown: 's',
	standing: 'S',
	ended: 'x',
};

/** A history in letters, a part a minute, to the verdicts in letters. */
function played(parts: string, rule: Partial<AlarmRule>, minutes: (i: number) => number = (i) => i): string {
	const history = Array.from(parts, (letter, i) => ({ route: ROUTES[letter], at: minutes(i) * MINUTE }));
	return walk(history, { ...every, ...rule })
		.decisions.map((one) => SHORT[verdict(one)])
		.join('');
}

describe('by hand', () => {
	test.each<[string, Partial<AlarmRule>, string, string]>([
		['every anomaly', {}, 'narana', '.R.R.R'],
		['review counted', { countReview: true }, 'narana', '.RRR.R'],
		['three in a row, and counted afresh', { bad: 3, of: 3 }, 'aanaaaaaar', 'cc.ccRccR.'],
		['a part for review breaks a row', { bad: 2, of: 2 }, 'araa', 'c.cR'],
		['two of four', { bad: 2, of: 4 }, 'annanaanna', 'c..R.cR..c'],
		['a good part never raises', { bad: 2, of: 9 }, 'aannnn', 'cR....'],
		['cool-down of three minutes', { coolDownMs: 3 * MINUTE }, 'aaaaaaa', 'RssRssR'],
		[
			'the row goes on under the cool-down',
			{ bad: 2, of: 2, coolDownMs: 4 * MINUTE },
			'aaaaaa',
			'cRcssR',
		],
		['an alarm stands until two good in a row', { endAfter: 2 }, 'aanannaa', 'RS.S.xRS'],
		['parts for review keep it', { endAfter: 2 }, 'anrnna', 'R...xR'],
		['an end starts the counting afresh', { bad: 2, of: 5, endAfter: 1 }, 'aaana', 'cRSxc'],
		[
			'the third alarm escalates',
			{ escalation: { alarms: 3, withinMs: 60 * MINUTE } },
			'aaaaaa',
			'RRERRE',
		],
		['old alarms do not', { escalation: { alarms: 3, withinMs: MINUTE } }, 'aaaaaa', 'RRRRRR'],
		['a pause starts afresh', { bad: 2, of: 2, forgetAfterMs: MINUTE - 1 }, 'aaaa', 'cccc'],
		['a pause ends an alarm', { endAfter: 9, forgetAfterMs: MINUTE - 1 }, 'aa', 'RR'],
	])('%s', (_, rule, parts, expected) => {
		expect(played(parts, rule)).toBe(expected);
	});

	test('an alarm that is just as old as the cool-down may be followed by another', () => {
		const history: Event[] = [0, 2 * MINUTE - 1, 2 * MINUTE].map((at) => ({ at, route: 'anomaly' }));
		expect(walk(history, { ...every, coolDownMs: 2 * MINUTE }).decisions.map(verdict)).toEqual([
			'raised',
			'coolDown',
			'raised',
		]);
	});

	test('after the clock was put back, the cool-down begins anew once and does not last for ever', () => {
		const minutes = [1000, 5, 6, 7, 8, 9];
		expect(played('aaaaaa', { coolDownMs: 3 * MINUTE }, (i) => minutes[i])).toBe('RsssRs');
	});

	test('a decision tells how many, since when and how many were suppressed', () => {
		const rule = { ...every, bad: 2, of: 3, coolDownMs: 3 * MINUTE };
		const history = Array.from('anaaaaa', (letter, i) => ({ route: ROUTES[letter], at: i * MINUTE }));
		expect(walk(history, rule).decisions).toEqual([
			{ alarm: 'counting', bad: 1, seen: 1 },
			{ alarm: 'none' },
			{ alarm: 'raised', bad: 2, seen: 3, suppressed: 0 },
			{ alarm: 'counting', bad: 1, seen: 1 },
			{ alarm: 'suppressed', by: 'coolDown', sinceMs: 2 * MINUTE },
			{ alarm: 'raised', bad: 3, seen: 3, suppressed: 1, sinceMs: 3 * MINUTE },
			{ alarm: 'counting', bad: 1, seen: 1 },
		]);
	});
});

describe('against the definition over the whole history', () => {
	const route = fc.constantFrom<Route>('normal', 'review', 'anomaly', 'anomaly');
	const rule: fc.Arbitrary<AlarmRule> = fc
		.record({
			of: fc.integer({ min: 1, max: 6 }),
			bad: fc.integer({ min: 1, max: 6 }),
			countReview: fc.boolean(),
			coolDownMs: fc.constantFrom(0, 0, 3, 10),
			endAfter: fc.constantFrom(0, 0, 1, 3),
			forgetAfterMs: fc.constantFrom(6, 1e9),
			escalation: fc.option(
				fc.record({ alarms: fc.constantFrom(2, 3), withinMs: fc.constantFrom(20, 40) }),
				{
					nil: undefined,
				},
			),
		})
		.map(({ bad, of, ...rest }) => ({ ...rest, bad: Math.min(bad, of), of }));
	const history = (between: fc.Arbitrary<number>): fc.Arbitrary<Event[]> =>
		fc.array(fc.tuple(route, between), { maxLength: 60 }).map((parts) => {
			let at = 1000;
			return parts.map(([one, ms]) => ({ route: one, at: (at += ms) }));
		});

	test('with a clock that goes forward', () => {
		fc.assert(
			fc.property(history(fc.integer({ min: 0, max: 9 })), rule, (parts, chosen) => {
				expect(walk(parts, chosen).decisions.map(verdict)).toEqual(naiveVerdicts(parts, chosen));
			}),
			{ numRuns: 1000 },
		);
	});

	test('with a clock that jumps both ways', () => {
		fc.assert(
			fc.property(history(fc.integer({ min: -12, max: 12 })), rule, (parts, chosen) => {
				expect(walk(parts, chosen).decisions.map(verdict)).toEqual(naiveVerdicts(parts, chosen));
			}),
			{ numRuns: 1000 },
		);
	});

	test('the counts of the day are those of the verdicts, and the memory stays as small as the rule', () => {
		fc.assert(
			fc.property(history(fc.integer({ min: -3, max: 9 })), rule, (parts, chosen) => {
				fc.pre(parts.length > 0);
				const { memory } = walk(parts, chosen);
				const verdicts = naiveVerdicts(parts, chosen);
				const count = (...kinds: Verdict[]) => verdicts.filter((one) => kinds.includes(one)).length;
				expect(memory?.days).toEqual([
					{
						day: '2026-01-31',
						parts: parts.length,
						anomalies: parts.filter((part) => part.route === 'anomaly').length,
						reviews: parts.filter((part) => part.route === 'review').length,
						alarms: count('raised', 'escalated'),
						escalations: count('escalated'),
						suppressed: count('coolDown', 'standing'),
					},
				]);
				expect(memory?.recent.length).toBeLessThanOrEqual(chosen.of);
				expect(memory?.alarms.length).toBeLessThan(chosen.escalation?.alarms ?? 1);
			}),
		);
	});

	test('settings may change between parts: nothing breaks, and no cool-down is broken', () => {
		const changing = fc.array(fc.tuple(route, fc.integer({ min: 0, max: 9 }), rule), { maxLength: 40 });
		fc.assert(
			fc.property(changing, (parts) => {
				let memory: KeyMemory | undefined;
				let at = 0;
				let lastAlarm = -Infinity;
				for (const [one, ms, chosen] of parts) {
					at += ms;
					const stepped = step(memory, { at, route: one, day: '2026-01-31' }, chosen);
					memory = stepped.memory;
					const { alarm } = stepped.decision;
					if (alarm !== 'raised' && alarm !== 'escalated') continue;
					expect(at - lastAlarm).toBeGreaterThanOrEqual(chosen.coolDownMs);
					lastAlarm = at;
				}
			}),
		);
	});
});

test.each<[Partial<AlarmRule>, string]>([
	[{ bad: 0 }, 'Expected "Anomalous Parts" to be a whole number from 1 to 500, found 0'],
	[{ bad: 3, of: 2 }, 'Expected "Among the Last" to be a whole number from 3 to 500, found 2'],
	[{ of: 501 }, 'Expected "Among the Last" to be a whole number from 1 to 500, found 501'],
	[
		{ endAfter: 1.5 },
		'Expected "Keep Until Good Parts in a Row" to be a whole number from 0 to 500, found 1.5',
	],
	[{ coolDownMs: -MINUTE }, 'Expected "Cool-Down" to be a time up to 10080 minutes, found -1 minutes'],
	[{ coolDownMs: NaN }, 'Expected "Cool-Down" to be a time up to 10080 minutes, found NaN minutes'],
	[{ forgetAfterMs: 0 }, 'Expected "Forget After" to be a time above 0, found 0 minutes'],
	[
		{ escalation: { alarms: 1, withinMs: MINUTE } },
		'Expected "Alarms of an escalation" to be a whole number from 2 to 100, found 1',
	],
	[
		{ coolDownMs: 20 * MINUTE, escalation: { alarms: 3, withinMs: 30 * MINUTE } },
		'Expected room for 3 alarms within 30 minutes, found a cool-down of 20 minutes after each',
	],
])('the rule %j is refused', (rule, message) => {
	const check = () => {
		checkAlarmRule({ ...every, ...rule });
	};
	expect(check).toThrow(DinomalyError);
	expect(check).toThrow(message);
});
