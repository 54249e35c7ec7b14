import { labelOf } from './key';
import type { AlarmCase, AlarmOutcome } from './alarmBook';
import type { DayCount } from './keyMemory';
import type { AlarmRule } from './rule';
import type { AlarmDecision, BadCount } from './step';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Up to twice a unit the smaller one is said: "90 minutes", not "2 hours". */
const UNITS = [
	[DAY_MS, 'day'],
	[HOUR_MS, 'hour'],
	[MINUTE_MS, 'minute'],
] as const;

/** What the alarm logic made of a part, in one sentence for a message. */
export function alarmReason({ key, route, rule }: AlarmCase, { decision }: AlarmOutcome): string {
	const label = labelOf(key);
	const about = label === '' ? '' : ` for ${label}`;
	switch (decision.alarm) {
		case 'none':
			return `No alarm${about}: the part ${route === 'review' ? 'is for review' : 'is normal'}${stillStanding(decision, rule)}`;
		case 'counting':
			return `No alarm yet${about}: ${counted(decision, rule)}, and an alarm takes ${needed(rule)}`;
		case 'raised':
			return `Alarm${about}: ${counted(decision, rule)}${sinceLast(decision)}`;
		case 'escalated':
			return `Escalation${about}: ${escalated(rule)}, ${counted(decision, rule)}${sinceLast(decision)}`;
		case 'suppressed':
			return decision.by === 'coolDown'
				? `No further alarm${about}: the last one was ${duration(decision.sinceMs)} ago, within the cool-down of ${duration(rule.coolDownMs)}`
				: `No further alarm${about}: one has been standing for ${duration(decision.sinceMs)} and ends after ${goodParts(rule.endAfter)} in a row`;
		case 'ended':
			return `Alarm${about} ended after ${duration(decision.sinceMs)}: ${goodParts(rule.endAfter)} in a row`;
	}
}

/** The counts of a day, in one sentence for a message. */
export function digestSentence(about: string, counts: DayCount): string {
	const { day, parts, anomalies, reviews, alarms, escalations, suppressed } = counts;
	const escalation = escalations === 0 ? '' : ` (${plural(escalations, 'escalation')})`;
	const more = suppressed === 0 ? '' : `, ${suppressed} suppressed`;
	const of = about === '' ? '' : `, ${about}`;
	if (parts === 0) return `${day}${of}: no parts`;
	return `${day}${of}: ${plural(parts, 'part')}, ${anomalies} anomalous, ${reviews} for review, ${plural(alarms, 'alarm')}${escalation}${more}`;
}

/** A length of time in one unit: "40 seconds", "3 minutes", "2 hours". */
export function duration(ms: number): string {
	for (const [unitMs, name] of UNITS)
		if (ms >= (name === 'minute' ? 1 : 2) * unitMs) return plural(Math.round(ms / unitMs), name);
	return plural(Math.round(ms / SECOND_MS), 'second');
}

function counted({ bad, seen }: BadCount, rule: AlarmRule): string {
	const kind = rule.countReview ? 'anomalous or for review' : 'anomalous';
	if (rule.of === 1) return `the part is ${kind}`;
	if (bad === seen) return `${plural(bad, 'part')} in a row ${bad === 1 ? 'is' : 'are'} ${kind}`;
	return `${bad} of the last ${seen} parts ${bad === 1 ? 'is' : 'are'} ${kind}`;
}

function needed({ bad, of }: AlarmRule): string {
	return bad === of ? `${of} in a row` : `${bad} of ${of}`;
}

function sinceLast({
	sinceMs,
	suppressed,
}: Extract<AlarmDecision, { alarm: 'raised' | 'escalated' }>): string {
	if (sinceMs === undefined) return '';
	const more = suppressed === 0 ? '' : `, and ${plural(suppressed, 'part')} since raised none`;
	return `; the last alarm was ${duration(sinceMs)} ago${more}`;
}

function escalated({ escalation }: AlarmRule): string {
	return escalation === undefined
		? 'too many alarms'
		: `${plural(escalation.alarms, 'alarm')} within ${duration(escalation.withinMs)}`;
}

function stillStanding({ goodLeft }: Extract<AlarmDecision, { alarm: 'none' }>, rule: AlarmRule): string {
	if (goodLeft === undefined) return '';
	return goodLeft === rule.endAfter
		? `; the alarm that stands ends after ${goodParts(goodLeft)} in a row`
		: `; the alarm that stands ends after ${goodLeft} more`;
}

function goodParts(count: number): string {
	return plural(count, 'good part');
}

function plural(count: number, noun: string): string {
	return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
