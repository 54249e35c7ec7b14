import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { keyOf } from '../../src/routing/alarm/key';
import {
	checkAlarmRule,
	MAX_ESCALATION_ALARMS,
	MAX_RECENT,
	type AlarmRule,
} from '../../src/routing/alarm/rule';
import { valueAt } from '../shared/valueAt';
import { readText } from './fields';

const withAlarms = { alarmLogic: [true] };
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const WEEK_MINUTES = 7 * 24 * 60;
/** What a key says where the item has no such field. */
const NO_VALUE = 'none';

/** What alarms are kept apart by unless told otherwise. */
const KEY_FIELDS = 'category';

/** Name that several routers share a memory by; empty means the node's own. */
export const memoryNameProperty: INodeProperties = {
	displayName: 'Memory Name',
	name: 'memoryName',
	type: 'string',
	default: '',
	placeholder: 'e.g. line-3',
	description:
		'Routers that give the same name, in this workflow or others, count together; empty means that this node counts for itself',
};

/** The parameters of the alarm logic. With it the node has another output. */
export const alarmProperties: INodeProperties[] = [
	{
		displayName: 'Alarm Logic',
		name: 'alarmLogic',
		type: 'boolean',
		default: false,
		noDataExpression: true,
		description:
			'Whether to raise alarms on an output of their own, so that one trouble is one message however many parts it spoils',
	},
	{
		displayName:
			'Every part still goes to Normal, Review or Anomaly. The one that raises an alarm comes out of <b>Alarm</b> as well: connect your messages there. What was seen is remembered across executions and workers; test runs count apart.',
		name: 'alarmNotice',
		type: 'notice',
		default: '',
		displayOptions: { show: withAlarms },
	},
	{
		displayName: 'Alarm On',
		name: 'alarmWhen',
		type: 'options',
		default: 'each',
		description: 'What it takes to raise an alarm; counting starts afresh after one',
		options: [
			{ name: 'Every Anomalous Part', value: 'each' },
			{
				name: 'Several Among the Last Parts',
				value: 'among',
				description: 'Such as three of the last ten, however they are spread',
			},
			{
				name: 'Several in a Row',
				value: 'inARow',
				description: 'Any other part in between starts the row afresh',
			},
		],
		displayOptions: { show: withAlarms },
	},
	{
		displayName: 'Anomalous Parts',
		name: 'alarmParts',
		type: 'number',
		typeOptions: { minValue: 1, maxValue: MAX_RECENT, numberPrecision: 0 },
		default: 3,
		description: 'How many it takes',
		displayOptions: { show: { ...withAlarms, alarmWhen: ['among', 'inARow'] } },
	},
	{
		displayName: 'Among the Last',
		name: 'alarmAmong',
		type: 'number',
		typeOptions: { minValue: 1, maxValue: MAX_RECENT, numberPrecision: 0 },
		default: 10,
		description: 'How many parts to look back at, the new one included',
		displayOptions: { show: { ...withAlarms, alarmWhen: ['among'] } },
	},
	{
		displayName: 'Cool-Down (Minutes)',
		name: 'coolDown',
		type: 'number',
		typeOptions: { minValue: 0, maxValue: WEEK_MINUTES },
		default: 10,
		description:
			'Time after an alarm in which no other is raised; the next one tells how many parts were held back. 0 switches it off.',
		displayOptions: { show: withAlarms },
	},
	{
		displayName: 'Alarm Options',
		name: 'alarmOptions',
		type: 'collection',
		placeholder: 'Add alarm option',
		default: {},
		options: [
			{
				displayName: 'Count Review as Anomalous',
				name: 'countReview',
				type: 'boolean',
				default: false,
				description: 'Whether parts for review count towards an alarm too',
			},
			{
				displayName: 'Escalation',
				name: 'escalation',
				type: 'fixedCollection',
				default: {},
				placeholder: 'Add escalation',
				description: 'Marks an alarm as an escalation when so many came within a time',
				options: [
					{
						displayName: 'Escalation',
						name: 'rule',
						values: [
							{
								displayName: 'Alarms',
								name: 'alarms',
								type: 'number',
								typeOptions: {
									minValue: 2,
									maxValue: MAX_ESCALATION_ALARMS,
									numberPrecision: 0,
								},
								default: 3,
								description: 'How many alarms it takes, the new one included',
							},
							{
								displayName: 'Within Minutes',
								name: 'minutes',
								type: 'number',
								typeOptions: { minValue: 1, maxValue: WEEK_MINUTES },
								default: 60,
								description: 'Time from the first of them to the last',
							},
						],
					},
				],
			},
			{
				displayName: 'Forget After (Hours)',
				name: 'forgetAfter',
				type: 'number',
				typeOptions: { minValue: 0.01 },
				default: 24,
				description:
					'A longer pause without parts starts the counting afresh and ends an alarm that stands',
			},
			{
				displayName: 'Keep Until Good Parts in a Row',
				name: 'keepUntilGood',
				type: 'number',
				typeOptions: { minValue: 0, maxValue: MAX_RECENT, numberPrecision: 0 },
				default: 5,
				description:
					'Hysteresis: an alarm stands until so many good parts came in a row, and raises no other until then. Parts for review neither raise nor end it.',
			},
			memoryNameProperty,
			{
				displayName: 'Report the End of an Alarm',
				name: 'reportEnd',
				type: 'boolean',
				default: false,
				description:
					'Whether the part that ends a standing alarm comes out of Alarm as well, with "ended" in the field alarm',
			},
			{
				displayName: 'Separate Alarms By',
				name: 'keyFields',
				type: 'string',
				default: 'category',
				placeholder: 'e.g. camera, line, category',
				description:
					'Fields of the item, separated by commas, dots for nested ones: each camera, line or category has its own counting and its own cool-down. Empty means one for all.',
			},
			{
				displayName: 'Test Runs Use Production Memory',
				name: 'testInProduction',
				type: 'boolean',
				default: false,
				description:
					'Whether test runs count as production does, instead of in a memory of their own that disturbs nothing',
			},
		],
		displayOptions: { show: withAlarms },
	},
];

export function hasAlarmLogic(context: IExecuteFunctions): boolean {
	return context.getNodeParameter('alarmLogic', 0, false) === true;
}

/** The alarm rule for item `index`; throws CONFIG_INVALID. */
export function readAlarmRule(context: IExecuteFunctions, index: number): AlarmRule {
	const read = (name: string, fallback: unknown): unknown =>
		context.getNodeParameter(name, index, fallback);
	const number = (name: string, fallback: number): number => Number(read(name, fallback));
	const escalation = read('alarmOptions.escalation.rule', null) as {
		readonly alarms?: number;
		readonly minutes?: number;
	} | null;
	const rule: AlarmRule = {
		...trigger(read('alarmWhen', 'each'), number),
		countReview: read('alarmOptions.countReview', false) === true,
		coolDownMs: MINUTE_MS * number('coolDown', 10),
		endAfter: number('alarmOptions.keepUntilGood', 0),
		...(escalation !== null && {
			escalation: {
				alarms: escalation.alarms ?? 3,
				withinMs: MINUTE_MS * (escalation.minutes ?? 60),
			},
		}),
		forgetAfterMs: HOUR_MS * number('alarmOptions.forgetAfter', 24),
	};
	checkAlarmRule(rule);
	return rule;
}

/** The key of item `index`, and the fields of it that the item lacks. */
export function readAlarmKey(
	context: IExecuteFunctions,
	index: number,
): { readonly key: string; readonly missing: readonly string[] } {
	const text = readText(context, index, { name: 'alarmOptions.keyFields', fallback: KEY_FIELDS });
	const fields = text
		.split(',')
		.map((field) => field.trim())
		.filter((field) => field !== '');
	const { json } = context.getInputData()[index];
	const values = fields.map((field) => [field, inWords(valueAt(json, field))] as const);
	// The category is what alarms are kept apart by unless told otherwise: who has none need not know of it.
	const known = text === KEY_FIELDS ? values.filter(([, value]) => value !== NO_VALUE) : values;
	return {
		key: keyOf(known),
		missing: known.filter(([, value]) => value === NO_VALUE).map(([field]) => field),
	};
}

function trigger(
	when: unknown,
	number: (name: string, fallback: number) => number,
): Pick<AlarmRule, 'bad' | 'of'> {
	if (when === 'each') return { bad: 1, of: 1 };
	const bad = number('alarmParts', 3);
	return { bad, of: when === 'inARow' ? bad : number('alarmAmong', 10) };
}

function inWords(value: unknown): string {
	if (value === undefined || value === null || value === '') return NO_VALUE;
	return typeof value === 'string' ? value : JSON.stringify(value);
}
