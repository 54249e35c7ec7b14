import type { JsonFields } from '../../store/jsonFields';
import type { DocumentFormat } from '../../store/sharedDocument';
import type { Route } from '../decision';
import { isKey } from './key';
import { emptyDay, type DayCount, type KeyMemory } from './keyMemory';
import { MAX_ESCALATION_ALARMS, MAX_RECENT, type AlarmRule } from './rule';
import { step, type AlarmDecision } from './step';

/** What a router has seen, by key; the key that was seen last comes last. */
export type AlarmBook = ReadonlyMap<string, KeyMemory>;

/** A routed part and what applies to it. */
export interface AlarmCase {
	readonly key: string;
	readonly route: Route;
	readonly rule: AlarmRule;
}

export interface AlarmOutcome {
	readonly decision: AlarmDecision;
	/** Whether an alarm stands after the part. */
	readonly stands: boolean;
	/** The counts of the key's day so far, this part included. */
	readonly today: DayCount;
}

/** The moment that parts are seen at. */
export interface Moment {
	/** Milliseconds since 1970. */
	readonly at: number;
	/** Such as 2026-01-31, where the workflow lives. */
	readonly day: string;
}

/** Keys that a book remembers; the one that was not seen for the longest time goes first. */
export const MAX_KEYS = 500;
const SCHEMA_VERSION = 1;
/** The largest book has a third of this: 500 keys with 500 parts each. */
const MAX_BYTES = 4 << 20;

/** One letter a part keeps the file small; a full stop ends the row, which may be empty. */
const LETTERS: Readonly<Record<Route, string>> = { normal: 'n', review: 'r', anomaly: 'a' };
const ROUTES: Readonly<Record<string, Route>> = { n: 'normal', r: 'review', a: 'anomaly' };

/** Enters parts in their order: the book afterwards, and an outcome for each. */
export function enterParts(
	before: AlarmBook,
	cases: readonly AlarmCase[],
	{ at, day }: Moment,
): { readonly value: AlarmBook; readonly result: readonly AlarmOutcome[] } {
	const book = new Map(before);
	const outcomes = cases.map(({ key, route, rule }): AlarmOutcome => {
		const { memory, decision } = step(book.get(key), { at, day, route }, rule);
		book.delete(key); // so that it comes last
		book.set(key, memory);
		const today = memory.days.find((count) => count.day === day) ?? emptyDay(day);
		return { decision, stands: memory.standingSince !== null, today };
	});
	for (const key of book.keys()) {
		if (book.size <= MAX_KEYS) break;
		book.delete(key);
	}
	return { value: book, result: outcomes };
}

/** How a book lies in its file. */
export const ALARM_BOOK: DocumentFormat<AlarmBook> = {
	schemaVersion: SCHEMA_VERSION,
	maxBytes: MAX_BYTES,
	empty: () => new Map(),
	parse: (fields) => new Map(fields.objects('keys').slice(-MAX_KEYS).map(parseKey)),
	print: (book) => ({ keys: [...book].map(([key, memory]) => printKey(key, memory)) }),
};

function printKey(key: string, { recent, ...memory }: KeyMemory): object {
	return { key, recent: `${recent.map((route) => LETTERS[route]).join('')}.`, ...memory };
}

function parseKey(fields: JsonFields): [string, KeyMemory] {
	const key = fields.text('key', 2000);
	if (!isKey(key)) throw fields.unexpected('key', 'a list of fields with their values');
	const alarms = fields.ascending('alarms');
	if (alarms.length > MAX_ESCALATION_ALARMS)
		throw fields.unexpected('alarms', `at most ${MAX_ESCALATION_ALARMS} moments`);
	const momentOrNull = (field: string): number | null =>
		fields.isNull(field) ? null : fields.number(field);
	return [
		key,
		{
			lastAt: fields.number('lastAt'),
			recent: parseRecent(fields),
			standingSince: momentOrNull('standingSince'),
			goodInRow: fields.count('goodInRow'),
			lastAlarm: momentOrNull('lastAlarm'),
			alarms,
			suppressed: fields.count('suppressed'),
			days: fields.objects('days').map(parseDay),
		},
	];
}

function parseRecent(fields: JsonFields): Route[] {
	const text = fields.text('recent', MAX_RECENT + 1);
	if (!/^[nra]*\.$/.test(text))
		throw fields.unexpected('recent', 'the letters n, r and a before a full stop');
	return Array.from(text.slice(0, -1), (letter) => ROUTES[letter]);
}

function parseDay(fields: JsonFields): DayCount {
	const day = fields.text('day', 10);
	if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) throw fields.unexpected('day', 'a day such as 2026-01-31');
	return {
		day,
		parts: fields.count('parts'),
		anomalies: fields.count('anomalies'),
		reviews: fields.count('reviews'),
		alarms: fields.count('alarms'),
		escalations: fields.count('escalations'),
		suppressed: fields.count('suppressed'),
	};
}
