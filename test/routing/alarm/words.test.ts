import type { AlarmOutcome } from '../../../src/routing/alarm/alarmBook';
import { keyOf } from '../../../src/routing/alarm/key';
import { emptyDay } from '../../../src/routing/alarm/keyMemory';
import type { AlarmRule } from '../../../src/routing/alarm/rule';
import type { AlarmDecision } from '../../../src/routing/alarm/step';
import { alarmReason, digestSentence, duration } from '../../../src/routing/alarm/words';
import type { Route } from '../../../src/routing/decision';

const MINUTE = 60_000;
const rule: AlarmRule = {
	bad: 3,
	of: 10,
	countReview: false,
	coolDownMs: 10 * MINUTE,
	endAfter: 5,
	escalation: { alarms: 3, withinMs: 60 * MINUTE },
	forgetAfterMs: 1,
};
const said = (decision: AlarmDecision, more: Partial<AlarmRule> = {}, route: Route = 'anomaly') => {
	const outcome: AlarmOutcome = { decision, stands: false, today: emptyDay('2026-01-31') };
	return alarmReason({ key: keyOf([['line', '3']]), route, rule: { ...rule, ...more } }, outcome);
};

test.each<[AlarmDecision, Partial<AlarmRule>, Route, string]>([
	[{ alarm: 'none' }, {}, 'normal', 'No alarm for line 3: the part is normal'],
	[{ alarm: 'none' }, {}, 'review', 'No alarm for line 3: the part is for review'],
	[
		{ alarm: 'none', goodLeft: 3 },
		{},
		'normal',
		'No alarm for line 3: the part is normal; the alarm that stands ends after 3 more',
	],
	[
		{ alarm: 'none', goodLeft: 5 },
		{},
		'review',
		'No alarm for line 3: the part is for review; the alarm that stands ends after 5 good parts in a row',
	],
	[
		{ alarm: 'counting', bad: 1, seen: 7 },
		{},
		'anomaly',
		'No alarm yet for line 3: 1 of the last 7 parts is anomalous, and an alarm takes 3 of 10',
	],
	[
		{ alarm: 'counting', bad: 2, seen: 2 },
		{ of: 3 },
		'anomaly',
		'No alarm yet for line 3: 2 parts in a row are anomalous, and an alarm takes 3 in a row',
	],
	[
		{ alarm: 'raised', bad: 1, seen: 1, suppressed: 0 },
		{ bad: 1, of: 1 },
		'anomaly',
		'Alarm for line 3: the part is anomalous',
	],
	[
		{ alarm: 'raised', bad: 3, seen: 9, suppressed: 4, sinceMs: 12 * MINUTE },
		{ countReview: true },
		'anomaly',
		'Alarm for line 3: 3 of the last 9 parts are anomalous or for review; the last alarm was 12 minutes ago, and 4 parts since raised none',
	],
	[
		{ alarm: 'escalated', bad: 3, seen: 3, suppressed: 0, sinceMs: 12 * MINUTE },
		{},
		'anomaly',
		'Escalation for line 3: 3 alarms within 60 minutes, 3 parts in a row are anomalous; the last alarm was 12 minutes ago',
	],
	[
		{ alarm: 'suppressed', by: 'coolDown', sinceMs: 40_000 },
		{},
		'anomaly',
		'No further alarm for line 3: the last one was 40 seconds ago, within the cool-down of 10 minutes',
	],
	[
		{ alarm: 'suppressed', by: 'standing', sinceMs: 90 * MINUTE },
		{},
		'anomaly',
		'No further alarm for line 3: one has been standing for 90 minutes and ends after 5 good parts in a row',
	],
	[
		{ alarm: 'ended', sinceMs: 180 * MINUTE },
		{ endAfter: 1 },
		'normal',
		'Alarm for line 3 ended after 3 hours: 1 good part in a row',
	],
])('%j %j of a part that is %s', (decision, more, route, sentence) => {
	expect(said(decision, more, route)).toBe(sentence);
});

test('without a key nothing is named', () => {
	const outcome: AlarmOutcome = {
		decision: { alarm: 'none' },
		stands: false,
		today: emptyDay('2026-01-31'),
	};
	expect(alarmReason({ key: keyOf([]), route: 'normal', rule }, outcome)).toBe(
		'No alarm: the part is normal',
	);
});

test('a digest is one sentence', () => {
	const counts = {
		...emptyDay('2026-01-31'),
		parts: 412,
		anomalies: 5,
		reviews: 1,
		alarms: 2,
		suppressed: 3,
	};
	expect(digestSentence('line 3', counts)).toBe(
		'2026-01-31, line 3: 412 parts, 5 anomalous, 1 for review, 2 alarms, 3 suppressed',
	);
	expect(digestSentence('', { ...counts, alarms: 1, escalations: 1, suppressed: 0 })).toBe(
		'2026-01-31: 412 parts, 5 anomalous, 1 for review, 1 alarm (1 escalation)',
	);
	expect(digestSentence('', emptyDay('2026-01-31'))).toBe('2026-01-31: no parts');
});

test.each([
	[0, '0 seconds'],
	[1000, '1 second'],
	[59_000, '59 seconds'],
	[MINUTE, '1 minute'],
	[119 * MINUTE, '119 minutes'],
	[120 * MINUTE, '2 hours'],
	[48 * 60 * MINUTE, '2 days'],
])('%d ms are %s', (ms, text) => {
	expect(duration(ms)).toBe(text);
});
