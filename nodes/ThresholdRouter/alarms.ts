import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { enterParts, type AlarmCase, type AlarmOutcome } from '../../src/routing/alarm/alarmBook';
import { alarmMemory, type AlarmMemory, type MemoryOwner } from '../../src/routing/alarm/alarmMemory';
import { dayOf } from '../../src/routing/alarm/digest';
import { labelOf } from '../../src/routing/alarm/key';
import { emptyDay } from '../../src/routing/alarm/keyMemory';
import { alarmReason } from '../../src/routing/alarm/words';
import type { Route } from '../../src/routing/decision';
import { toNodeError } from '../shared/failure';
import { addHintOnce } from '../shared/hints';
import { isTool } from '../shared/items';
import { readStore } from '../shared/store';
import { readAlarmKey, readAlarmRule } from './alarmFields';
import { readText } from './fields';

/** A routed item, ready to be entered into the memory that it belongs to. */
export interface AlarmEntry {
	readonly index: number;
	readonly memory: AlarmMemory;
	readonly alarmCase: AlarmCase;
}

/** What the alarm logic adds to an item. */
export interface AlarmFields extends IDataObject {
	readonly alarm: AlarmOutcome['decision']['alarm'];
	readonly alarmReason: string;
	readonly alarmKey: string;
	/** Whether an alarm stands; always false without hysteresis. */
	readonly alarmStands: boolean;
	readonly partsToday: number | null;
	readonly anomaliesToday: number | null;
	readonly alarmsToday: number | null;
	readonly suppressedToday: number | null;
}

const TEST_MODES: readonly string[] = ['manual', 'evaluation'];

/** What the alarm logic says of an item that could not be judged. */
export const NOT_COUNTED: AlarmFields = {
	alarm: 'none',
	alarmReason: 'No alarm: the part could not be judged and does not count',
	alarmKey: '',
	alarmStands: false,
	partsToday: null,
	anomaliesToday: null,
	alarmsToday: null,
	suppressedToday: null,
};

/** Everything about item `index` that the alarm logic needs; throws for settings that make no sense. */
export async function readAlarmEntry(
	context: IExecuteFunctions,
	index: number,
	route: Route,
): Promise<AlarmEntry> {
	const rule = readAlarmRule(context, index);
	const { key, missing } = readAlarmKey(context, index);
	for (const field of missing)
		addHintOnce(
			context,
			`Some items have no field "${field}": their alarms are counted together, as "${field} none".`,
		);
	const isTest =
		TEST_MODES.includes(context.getMode()) &&
		context.getNodeParameter('alarmOptions.testInProduction', index, false) !== true;
	if (isTest)
		addHintOnce(
			context,
			'A test run: alarms are counted in a memory of their own, so that production is not disturbed.',
		);
	const store = await readStore(context, index);
	const memory = alarmMemory(store, ownerOf(context, index), { isTest });
	return { index, memory, alarmCase: { key, route, rule } };
}

/**
 * Enters items into their memories, each memory once for all its items, and returns what to add to each. Throws when a memory cannot be
 * used; where the node is to go on all the same, every bad part raises an alarm then, since a lost one is worse than one too many.
 */
export async function enterAlarms(
	context: IExecuteFunctions,
	entries: readonly AlarmEntry[],
): Promise<ReadonlyMap<number, AlarmFields>> {
	const fields = new Map<number, AlarmFields>();
	for (const group of byMemory(entries)) {
		const cases = group.map(({ alarmCase }) => alarmCase);
		const { outcomes, notice } = await enter(context, group[0].memory, cases);
		if (notice !== undefined) {
			addHintOnce(context, notice, { type: 'warning' });
			context.logger.warn(notice);
		}
		for (const [i, { index, alarmCase }] of group.entries())
			fields.set(index, toFields(alarmCase, outcomes[i], notice));
	}
	return fields;
}

/** Whose memory item `index` is counted in. */
function ownerOf(context: IExecuteFunctions, index: number): MemoryOwner {
	const name = readText(context, index, { name: 'alarmOptions.memoryName' });
	if (name !== '') return { name };
	return { workflow: context.getWorkflow().id ?? 'unsaved', node: context.getNode().id };
}

async function enter(
	context: IExecuteFunctions,
	memory: AlarmMemory,
	cases: readonly AlarmCase[],
): Promise<{ readonly outcomes: readonly AlarmOutcome[]; readonly notice?: string }> {
	const timeZone = context.getTimezone();
	try {
		const { result, notice } = await memory.book.update((book) => {
			const at = Date.now(); // under the lock, so that moments come in the order of the parts
			return enterParts(book, cases, { at, day: dayOf(at, timeZone) });
		});
		return { outcomes: result, ...(notice !== undefined && { notice }) };
	} catch (error) {
		const nodeError = toNodeError(context.getNode(), error);
		if (!context.continueOnFail() && !isTool(context)) throw nodeError;
		return { outcomes: cases.map(withoutMemory), notice: nodeError.message };
	}
}

function withoutMemory({ route, rule }: AlarmCase): AlarmOutcome {
	const isBad = route === 'anomaly' || (route === 'review' && rule.countReview);
	return {
		decision: isBad ? { alarm: 'raised', bad: 1, seen: 1, suppressed: 0 } : { alarm: 'none' },
		stands: false,
		today: emptyDay(''),
	};
}

function toFields(alarmCase: AlarmCase, outcome: AlarmOutcome, notice: string | undefined): AlarmFields {
	const { decision, stands, today } = outcome;
	const counted = today.day !== '';
	return {
		alarm: decision.alarm,
		alarmReason: alarmReason(alarmCase, outcome) + (notice === undefined ? '' : ` (${notice})`),
		alarmKey: labelOf(alarmCase.key),
		alarmStands: stands,
		partsToday: counted ? today.parts : null,
		anomaliesToday: counted ? today.anomalies : null,
		alarmsToday: counted ? today.alarms : null,
		suppressedToday: counted ? today.suppressed : null,
	};
}

function byMemory(entries: readonly AlarmEntry[]): AlarmEntry[][] {
	const groups = new Map<string, AlarmEntry[]>();
	for (const entry of entries) {
		const group = groups.get(entry.memory.path);
		if (group === undefined) groups.set(entry.memory.path, [entry]);
		else group.push(entry);
	}
	return [...groups.values()];
}
