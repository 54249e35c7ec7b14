import type {
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	INodeProperties,
	INodePropertyOptions,
} from 'n8n-workflow';
import type { AlarmBook } from '../../src/routing/alarm/alarmBook';
import { alarmMemoriesOf, alarmMemory } from '../../src/routing/alarm/alarmMemory';
import {
	daysBefore,
	digestOf,
	totalOf,
	type DigestDays,
	type KeyDigest,
} from '../../src/routing/alarm/digest';
import type { DayCount } from '../../src/routing/alarm/keyMemory';
import { digestSentence } from '../../src/routing/alarm/words';
import { addHintOnce } from '../shared/hints';
import { forEachItem } from '../shared/items';
import { shownFor } from '../shared/operation';
import { readStore, storeProperties } from '../shared/store';
import { memoryNameProperty } from './alarmFields';
import { readText } from './fields';

export const option: INodePropertyOptions = {
	name: 'Get Alarm Digest',
	value: 'digest',
	description: 'Count the parts and alarms of a day, for a daily message',
	action: 'Get the alarm digest',
};

const PERIODS: Readonly<Record<string, { readonly back: number; readonly count: number }>> = {
	today: { back: 0, count: 1 },
	yesterday: { back: 1, count: 1 },
	week: { back: 1, count: 7 },
};

export const description: readonly INodeProperties[] = shownFor('digest', [
	{
		displayName: 'Period',
		name: 'period',
		type: 'options',
		default: 'yesterday',
		description: "Days of the workflow's time zone",
		options: [
			{ name: 'Seven Days up to Yesterday', value: 'week' },
			{ name: 'Today So Far', value: 'today' },
			{ name: 'Yesterday', value: 'yesterday' },
		],
	},
	{
		...memoryNameProperty,
		description: 'Name that routers count under; empty means all routers of this workflow that have none',
	},
	{
		displayName: 'One Item per Key',
		name: 'perKey',
		type: 'boolean',
		default: false,
		description: 'Whether to give an item for each camera, line or category instead of one for all',
	},
	{
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add option',
		default: {},
		options: [...storeProperties],
	},
]);

/** Reads what the routers have counted; production's memory also in a test run, since reading disturbs nothing. */
export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	return forEachItem(context, async (_, index) => {
		const period = readText(context, index, { name: 'period' });
		const { back, count } = PERIODS[period] ?? PERIODS.yesterday;
		const days = daysBefore(Date.now(), { timeZone: context.getTimezone(), back, count });
		const digests = digestOf(await readBooks(context, index), days);
		if (context.getNodeParameter('perKey', index, false) === true)
			return digests.map((digest) => ({ json: keyFields(digest), pairedItem: { item: index } }));
		return { json: totalFields(digests, days), pairedItem: { item: index } };
	});
}

async function readBooks(context: IExecuteFunctions, index: number): Promise<AlarmBook[]> {
	const store = await readStore(context, index);
	const name = readText(context, index, { name: 'memoryName' });
	const memories =
		name === ''
			? await alarmMemoriesOf(store, context.getWorkflow().id ?? 'unsaved')
			: [alarmMemory(store, { name })];
	const books: AlarmBook[] = [];
	for (const { book } of memories) {
		const { value, notice } = await book.read();
		if (notice !== undefined) addHintOnce(context, notice, { type: 'warning' });
		if (value !== undefined) books.push(value);
	}
	return books;
}

function keyFields({ label, counts, stands }: KeyDigest): IDataObject {
	return {
		...fieldsOf(counts),
		alarmKey: label,
		alarmStands: stands,
		reason: digestSentence(label, counts),
	};
}

function totalFields(digests: readonly KeyDigest[], days: DigestDays): IDataObject {
	const total = totalOf(digests, days);
	return {
		...fieldsOf(total),
		keys: digests.length,
		alarmsStanding: digests.filter(({ stands }) => stands).length,
		reason: digestSentence('', total),
		report: digests.map(({ label, counts }) => digestSentence(label, counts)).join('\n'),
	};
}

function fieldsOf({
	day,
	parts,
	anomalies,
	reviews,
	alarms,
	escalations,
	suppressed,
}: DayCount): IDataObject {
	return { day, parts, anomalies, reviews, alarms, escalations, suppressed };
}
