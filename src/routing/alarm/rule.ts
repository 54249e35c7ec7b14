import { DinomalyError } from '../../errors';

/** What makes an alarm of bad parts. */
export interface AlarmRule {
	/** Bad parts among the last `of` that it takes; as many as `of` means in a row, 1 of 1 every bad part. */
	readonly bad: number;
	/** Parts that are looked at, in 1 .. MAX_RECENT. */
	readonly of: number;
	/** Whether a part for review counts as bad, not as one in between. */
	readonly countReview: boolean;
	/** Time after an alarm in which no other is raised. */
	readonly coolDownMs: number;
	/** Good parts in a row that end an alarm, which stands until then and raises no other; 0: an alarm does not stand. */
	readonly endAfter: number;
	/** This many alarms within the time are an escalation. */
	readonly escalation?: { readonly alarms: number; readonly withinMs: number };
	/** A pause longer than this starts the counting afresh, and ends an alarm that stands. */
	readonly forgetAfterMs: number;
}

/** Parts that the memory of a key holds at most. */
export const MAX_RECENT = 500;
/** Alarms that an escalation may take. */
export const MAX_ESCALATION_ALARMS = 100;
/** A week: longer than that nobody means. */
export const MAX_COOL_DOWN_MS = 7 * 24 * 3_600_000;

const MINUTE_MS = 60_000;

/** Throws CONFIG_INVALID, naming the field as the node's panel does, when the rule makes no sense. */
export function checkAlarmRule({
	bad,
	of,
	coolDownMs,
	endAfter,
	escalation,
	forgetAfterMs,
}: AlarmRule): void {
	checkCount('Anomalous Parts', bad, { max: MAX_RECENT });
	checkCount('Among the Last', of, { min: bad, max: MAX_RECENT });
	checkCount('Keep Until Good Parts in a Row', endAfter, { min: 0, max: MAX_RECENT });
	checkTime('Cool-Down', coolDownMs, { max: MAX_COOL_DOWN_MS });
	checkTime('Forget After', forgetAfterMs, { min: 1 });
	if (escalation === undefined) return;
	const { alarms, withinMs } = escalation;
	checkCount('Alarms of an escalation', alarms, { min: 2, max: MAX_ESCALATION_ALARMS });
	checkTime('Within of an escalation', withinMs, { min: 1, max: MAX_COOL_DOWN_MS });
	if ((alarms - 1) * coolDownMs <= withinMs) return;
	throw new DinomalyError(
		'CONFIG_INVALID',
		`Expected room for ${alarms} alarms within ${minutes(withinMs)}, found a cool-down of ${minutes(coolDownMs)} after each`,
		{ hint: 'Shorten the cool-down, or let the escalation look back longer.' },
	);
}

function checkCount(
	field: string,
	value: number,
	{ min = 1, max }: { readonly min?: number; readonly max: number },
): void {
	if (Number.isInteger(value) && value >= min && value <= max) return;
	throw new DinomalyError(
		'CONFIG_INVALID',
		`Expected "${field}" to be a whole number from ${min} to ${max}, found ${value}`,
		{ hint: 'An alarm counts parts: correct the number under Alarm Logic.' },
	);
}

function checkTime(
	field: string,
	value: number,
	{ min = 0, max = Infinity }: { readonly min?: number; readonly max?: number },
): void {
	if (value >= min && value <= max && Number.isFinite(value)) return;
	const upTo = max === Infinity ? '' : ` up to ${minutes(max)}`;
	throw new DinomalyError(
		'CONFIG_INVALID',
		`Expected "${field}" to be a time${min > 0 ? ' above 0' : ''}${upTo}, found ${minutes(value)}`,
		{ hint: 'Correct the time under Alarm Logic.' },
	);
}

function minutes(ms: number): string {
	return `${Number((ms / MINUTE_MS).toPrecision(4))} minutes`;
}
