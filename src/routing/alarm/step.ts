import type { Route } from '../decision';
import { addToDay, emptyDay, freshMemory, type KeyMemory } from './keyMemory';
import type { AlarmRule } from './rule';

/** A part that has been routed. */
export interface RoutedPart {
	/** When it was seen, in milliseconds since 1970; clocks may differ and go back. */
	readonly at: number;
	/** The day of that moment where the workflow lives, such as 2026-01-31. */
	readonly day: string;
	readonly route: Route;
}

/** Bad parts among those that are looked at, this one included. */
export interface BadCount {
	readonly bad: number;
	readonly seen: number;
}

/** What the alarm logic made of a part. */
export type AlarmDecision =
	/** Nothing to do: the part is good, or at most doubtful. */
	| { readonly alarm: 'none'; readonly goodLeft?: number }
	/** A bad part, but not enough of them yet. */
	| ({ readonly alarm: 'counting' } & BadCount)
	| ({ readonly alarm: 'raised' } & BadCount & SinceLast)
	/** Raised as well, and the last of so many that somebody else should know. */
	| ({ readonly alarm: 'escalated' } & BadCount & SinceLast)
	/** It would have raised an alarm, had there not been one already. */
	| { readonly alarm: 'suppressed'; readonly by: 'coolDown' | 'standing'; readonly sinceMs: number }
	/** Enough good parts in a row: the alarm that stood is over. */
	| { readonly alarm: 'ended'; readonly sinceMs: number };

interface SinceLast {
	/** Time since the alarm before; absent for the first. */
	readonly sinceMs?: number;
	/** Parts since then that would have raised another. */
	readonly suppressed: number;
}

export interface Stepped {
	readonly memory: KeyMemory;
	readonly decision: AlarmDecision;
}

/**
 * One step of the alarm logic: what a key has seen and one more part in, what it has seen then and the decision out.
 *
 * An alarm is raised by a bad part only, when enough of the last parts are bad. Counting starts afresh after it, and after an alarm that
 * stood has ended. Moments that lie ahead of the part's are taken to be now: after a clock was put back a cool-down begins anew at
 * most once, and never lasts longer than it should.
 */
export function step(before: KeyMemory | undefined, part: RoutedPart, rule: AlarmRule): Stepped {
	const known = remembered(before ?? freshMemory(part.at), part.at, rule);
	const recent = [...known.recent, part.route].slice(-rule.of);
	const memory: KeyMemory = { ...known, lastAt: part.at, recent };
	const { memory: after, decision } = isBad(part.route, rule)
		? withBadPart(memory, part.at, rule)
		: withOtherPart(memory, part, rule);
	return { memory: { ...after, days: addToDay(after.days, countOf(part, decision)) }, decision };
}

/** The memory as it is when the part comes in: nothing in the future, nothing that a long pause or a change of settings has ended. */
function remembered(memory: KeyMemory, now: number, rule: AlarmRule): KeyMemory {
	const past = (at: number): number => Math.min(at, now);
	const pausedMs = now - past(memory.lastAt);
	const isOver = pausedMs > rule.forgetAfterMs;
	const stands = rule.endAfter > 0 && !isOver && memory.standingSince !== null;
	return {
		...memory,
		recent: isOver ? [] : memory.recent,
		standingSince: stands ? past(memory.standingSince) : null,
		goodInRow: stands ? memory.goodInRow : 0,
		lastAlarm: memory.lastAlarm === null ? null : past(memory.lastAlarm),
		alarms: memory.alarms.map(past),
	};
}

function withBadPart(memory: KeyMemory, now: number, rule: AlarmRule): Stepped {
	const count: BadCount = {
		bad: memory.recent.filter((route) => isBad(route, rule)).length,
		seen: memory.recent.length,
	};
	const counted: KeyMemory = { ...memory, goodInRow: 0 };
	if (memory.standingSince !== null)
		return suppressed(counted, { by: 'standing', sinceMs: now - memory.standingSince });
	if (count.bad < rule.bad) return { memory: counted, decision: { alarm: 'counting', ...count } };
	const sinceMs = memory.lastAlarm === null ? undefined : now - memory.lastAlarm;
	if (sinceMs !== undefined && sinceMs < rule.coolDownMs)
		return suppressed(counted, { by: 'coolDown', sinceMs });
	return raised(counted, { now, count, rule, sinceMs });
}

function suppressed(
	memory: KeyMemory,
	why: { readonly by: 'coolDown' | 'standing'; readonly sinceMs: number },
): Stepped {
	return {
		memory: { ...memory, suppressed: memory.suppressed + 1 },
		decision: { alarm: 'suppressed', ...why },
	};
}

function raised(
	memory: KeyMemory,
	alarm: {
		readonly now: number;
		readonly count: BadCount;
		readonly rule: AlarmRule;
		readonly sinceMs: number | undefined;
	},
): Stepped {
	const { now, count, rule, sinceMs } = alarm;
	const { escalation } = rule;
	const alarms =
		escalation === undefined
			? []
			: [...memory.alarms.filter((at) => now - at <= escalation.withinMs), now];
	const escalates = escalation !== undefined && alarms.length >= escalation.alarms;
	return {
		memory: {
			...memory,
			recent: [],
			standingSince: rule.endAfter > 0 ? now : null,
			lastAlarm: now,
			alarms: escalates ? [] : alarms,
			suppressed: 0,
		},
		decision: {
			alarm: escalates ? 'escalated' : 'raised',
			...count,
			...(sinceMs !== undefined && { sinceMs }),
			suppressed: memory.suppressed,
		},
	};
}

function withOtherPart(memory: KeyMemory, { at, route }: RoutedPart, rule: AlarmRule): Stepped {
	if (memory.standingSince === null) return { memory, decision: { alarm: 'none' } };
	const goodInRow = route === 'normal' ? memory.goodInRow + 1 : 0;
	const goodLeft = rule.endAfter - goodInRow;
	if (goodLeft > 0) return { memory: { ...memory, goodInRow }, decision: { alarm: 'none', goodLeft } };
	return {
		memory: { ...memory, recent: [], standingSince: null, goodInRow: 0 },
		decision: { alarm: 'ended', sinceMs: at - memory.standingSince },
	};
}

function isBad(route: Route, { countReview }: AlarmRule): boolean {
	return route === 'anomaly' || (countReview && route === 'review');
}

function countOf({ day, route }: RoutedPart, { alarm }: AlarmDecision): KeyMemory['days'][number] {
	const one = (holds: boolean): number => (holds ? 1 : 0);
	return {
		...emptyDay(day),
		parts: 1,
		anomalies: one(route === 'anomaly'),
		reviews: one(route === 'review'),
		alarms: one(alarm === 'raised' || alarm === 'escalated'),
		escalations: one(alarm === 'escalated'),
		suppressed: one(alarm === 'suppressed'),
	};
}
