import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { INodeExecutionData } from 'n8n-workflow';
import { ThresholdRouter } from '../../nodes/ThresholdRouter/ThresholdRouter.node';
import { acquireLock } from '../../src/store/lock';
import { node, oneNode, type NodeOptions } from './support/flow';
import { N8nLab } from './support/n8nLab';
import type { Run } from './support/run';

let lab: N8nLab;
let count = 0;

beforeAll(async () => {
	lab = await N8nLab.open({ thresholdRouter: ThresholdRouter });
});

afterAll(() => {
	lab.close();
});

/** A router with alarm logic on a store of its own. */
function router(parameters = {}, options: NodeOptions = {}) {
	const storeFolder = `store-${++count}`;
	const flow = oneNode(
		'thresholdRouter',
		{
			rule: 'limits',
			threshold: 2,
			reviewThreshold: 1,
			alarmLogic: true,
			options: { storeFolder },
			...parameters,
		},
		options,
	);
	return { flow, store: path.join(lab.files, storeFolder) };
}

const GOOD = 0;
const DOUBTFUL = 1.5;
const BAD = 3;
const parts = (scores: readonly number[], more = {}): INodeExecutionData[] =>
	scores.map((score, i) => ({ json: { file: String(i), score, ...more } }));
const inProduction = (flow: ReturnType<typeof router>['flow'], items: readonly INodeExecutionData[]) =>
	lab.run(flow, { items, mode: 'webhook' });
const ALARM = 3;
/** What became of the items, in their order, whichever output they took. */
function fates(run: Run): INodeExecutionData['json'][] {
	expect(run.error).toBeUndefined();
	return run
		.outputs()
		.filter((_, output) => output !== ALARM)
		.flat()
		.sort((a, b) => Number(a.json.file) - Number(b.json.file))
		.map(({ json }) => json);
}

test('a part that raises an alarm takes its own output and Alarm, the others theirs', async () => {
	const { flow } = router({ coolDown: 10 });
	const run = await inProduction(flow, parts([GOOD, BAD, BAD, DOUBTFUL]));
	expect(run.outputs().map((items) => items.map(({ json }) => json.file))).toEqual([
		['0'],
		['3'],
		['1', '2'],
		['1'],
	]);
	const [alarm] = run.outputs()[ALARM];
	expect(alarm).toMatchObject({
		json: {
			route: 'anomaly',
			reason: 'The item is anomalous: score 3 is above threshold 2',
			alarm: 'raised',
			alarmReason: 'Alarm: the part is anomalous',
			alarmKey: '',
			alarmStands: false,
			partsToday: 2,
			anomaliesToday: 1,
			alarmsToday: 1,
			suppressedToday: 0,
		},
		pairedItem: { item: 1 },
	});
	expect(fates(run).map(({ alarm: one }) => one)).toEqual(['none', 'raised', 'suppressed', 'none']);
	expect(fates(run)[2].alarmReason).toBe(
		'No further alarm: the last one was 0 seconds ago, within the cool-down of 10 minutes',
	);
	for (const json of fates(run))
		for (const value of Object.values(json)) expect(typeof value).not.toBe('object');
});

test('what was seen counts in the next execution', async () => {
	const { flow } = router({ alarmWhen: 'among', alarmParts: 3, alarmAmong: 5, coolDown: 0 });
	const alarms: unknown[] = [];
	for (const score of [BAD, GOOD, BAD, GOOD, BAD, BAD]) {
		const run = await inProduction(flow, parts([score]));
		alarms.push(...fates(run).map(({ alarm }) => alarm));
	}
	expect(alarms).toEqual(['counting', 'none', 'counting', 'none', 'raised', 'counting']);
});

test('fifty executions at once are one alarm under a cool-down, and none is lost without', async () => {
	const cool = router({ coolDown: 10 });
	const fifths = router({ alarmWhen: 'inARow', alarmParts: 5, coolDown: 0 });
	for (const [{ flow }, expected] of [
		[cool, 1],
		[fifths, 10],
	] as const) {
		const runs = await Promise.all(Array.from({ length: 50 }, () => inProduction(flow, parts([BAD]))));
		const raised = runs.flatMap((run) => run.outputs()[ALARM]);
		expect(raised).toHaveLength(expected);
		const counts = runs.map((run) => Number(run.outputs()[2][0].json.partsToday)).sort((a, b) => a - b);
		expect(counts).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
	}
});

test('test runs count in a memory of their own, unless production is asked for', async () => {
	const { flow, store } = router({ alarmWhen: 'inARow', alarmParts: 2, coolDown: 0 });
	await inProduction(flow, parts([BAD]));
	const production = path.join(store, 'alarms', 'production', 'workflows', 'test', 'Node.json');
	const before = readFileSync(production, 'utf8');
	const first = await lab.run(flow, { items: parts([BAD]) });
	expect(fates(first)[0].alarm).toBe('counting');
	expect(first.hints()).toEqual([expect.stringMatching(/^A test run: .* production is not disturbed/)]);
	const second = await lab.run(flow, { items: parts([BAD]) });
	expect(fates(second)[0].alarm).toBe('raised');
	expect(readFileSync(production, 'utf8')).toBe(before);
	const [source, one] = flow.nodes;
	const asked = { ...one, parameters: { ...one.parameters, alarmOptions: { testInProduction: true } } };
	const third = await lab.run({ ...flow, nodes: [source, asked] }, { items: parts([BAD]) });
	expect(fates(third)[0].alarm).toBe('raised');
	expect(third.hints()).toEqual([]);
});

test('cameras and lines have alarms of their own, and what lacks a field is counted together', async () => {
	const { flow } = router({ alarmOptions: { keyFields: 'body.camera, line' } });
	const at = (camera: number | undefined, file: string) =>
		parts([BAD], { file, line: 'a', body: { camera } });
	const run = await inProduction(flow, [at(1, '0'), at(2, '1'), at(1, '2'), at(undefined, '3')].flat());
	expect(fates(run).map(({ alarm, alarmKey }) => [alarm, alarmKey])).toEqual([
		['raised', 'body.camera 1, line a'],
		['raised', 'body.camera 2, line a'],
		['suppressed', 'body.camera 1, line a'],
		['raised', 'body.camera none, line a'],
	]);
	expect(run.hints()).toEqual([expect.stringContaining('Some items have no field "body.camera"')]);
});

test('by default categories have alarms of their own', async () => {
	const { flow } = router();
	const run = await inProduction(flow, [
		...parts([BAD], { category: 'bottle' }),
		...parts([BAD], { category: 'can' }),
	]);
	expect(run.outputs()[ALARM].map(({ json }) => json.alarmReason)).toEqual([
		'Alarm for category bottle: the part is anomalous',
		'Alarm for category can: the part is anomalous',
	]);
});

test('an alarm stands until enough good parts came, and its end is reported when asked for', async () => {
	const { flow } = router({ coolDown: 0, alarmOptions: { keepUntilGood: 2, reportEnd: true } });
	const run = await inProduction(flow, parts([BAD, BAD, GOOD, DOUBTFUL, GOOD, GOOD, BAD]));
	expect(fates(run).map(({ alarm, alarmStands }) => [alarm, alarmStands])).toEqual([
		['raised', true],
		['suppressed', true],
		['none', true],
		['none', true],
		['none', true],
		['ended', false],
		['raised', true],
	]);
	expect(run.outputs()[ALARM].map(({ json }) => json.alarm)).toEqual(['raised', 'ended', 'raised']);
	expect(run.outputs()[ALARM][1].json.alarmReason).toBe(
		'Alarm ended after 0 seconds: 2 good parts in a row',
	);
});

test('so many alarms within a time escalate', async () => {
	const escalation = { rule: { alarms: 3, minutes: 60 } };
	const { flow } = router({ coolDown: 0, alarmOptions: { escalation } });
	const run = await inProduction(flow, parts([BAD, BAD, BAD, BAD]));
	expect(run.outputs()[ALARM].map(({ json }) => json.alarm)).toEqual([
		'raised',
		'raised',
		'escalated',
		'raised',
	]);
	expect(run.outputs()[ALARM][2].json.alarmReason).toMatch(
		/^Escalation: 3 alarms within 60 minutes, the part is anomalous; the last alarm was 0 seconds ago$/,
	);
});

test('routers that share a name count together', async () => {
	const options = { options: { storeFolder: `shared-${++count}` } };
	const named = { alarmWhen: 'inARow', alarmParts: 2, alarmOptions: { memoryName: 'line-3' }, ...options };
	await inProduction(router(named, { name: 'Left' }).flow, parts([BAD]));
	const run = await inProduction(router(named).flow, parts([BAD]));
	expect(fates(run)[0].alarm).toBe('raised');
	const refused = await inProduction(
		router({ ...named, alarmOptions: { memoryName: '../escape' } }).flow,
		parts([BAD]),
	);
	expect(refused.error?.message).toMatch(/^Expected a file name/);
});

test('when an item makes the node fail, nothing was counted', async () => {
	const { flow, store } = router();
	const run = await inProduction(flow, [...parts([BAD]), { json: { file: 'none' } }]);
	expect(run.error?.message).toMatch(/Expected a number in field "score"/);
	expect(() => readdirSync(path.join(store, 'alarms'))).toThrow('ENOENT');
});

test('what could not be judged does not count', async () => {
	const { flow } = router({ invalidOutput: true, alarmWhen: 'inARow', alarmParts: 2 });
	const run = await inProduction(flow, [
		...parts([BAD]),
		{ json: { file: '1' } },
		...parts([BAD], { file: '2' }),
	]);
	expect(fates(run).map(({ alarm, partsToday }) => [alarm, partsToday])).toEqual([
		['counting', 1],
		['none', null],
		['raised', 2],
	]);
});

test('a damaged memory is set aside and told in the sentence, in a hint and once', async () => {
	const { flow, store } = router();
	const folder = path.join(store, 'alarms', 'production', 'workflows', 'test');
	mkdirSync(folder, { recursive: true });
	writeFileSync(path.join(folder, 'Node.json'), '{"schemaVersion":1,"ke');
	const run = await inProduction(flow, parts([BAD]));
	expect(run.outputs()[ALARM][0].json.alarmReason).toMatch(
		/^Alarm: the part is anomalous \(Expected \S+Node\.json to hold JSON, found 22 bytes that are none: the alarm memory of this node was damaged, is kept as Node\.damaged\.json and starts afresh\)$/,
	);
	expect(run.hints()).toEqual([expect.stringContaining('is kept as Node.damaged.json')]);
	const next = await inProduction(flow, parts([BAD]));
	expect(fates(next)[0].alarmReason).toMatch(/^No further alarm: the last one was \d seconds? ago/);
});

test('a memory that cannot be used fails the node, or raises every alarm where the flow is to go on', async () => {
	const { flow, store } = router();
	const [locks] = [path.join(store, 'locks')];
	mkdirSync(store, { recursive: true });
	writeFileSync(locks, 'a file where a folder should be');
	const failed = await inProduction(flow, parts([BAD]));
	expect(failed.error).toBeDefined();
	const [source, one] = flow.nodes;
	const onError = 'continueRegularOutput';
	const run = await inProduction(
		{ ...flow, nodes: [source, { ...one, onError }] },
		parts([BAD, GOOD, BAD]),
	);
	expect(fates(run).map(({ alarm, partsToday }) => [alarm, partsToday])).toEqual([
		['raised', null],
		['none', null],
		['raised', null],
	]);
	expect(run.hints()).toHaveLength(1);
});

test('settings that make no sense are told before anything is counted', async () => {
	const { flow, store } = router({ alarmWhen: 'among', alarmParts: 5, alarmAmong: 3 });
	const run = await inProduction(flow, parts([BAD]));
	expect(run.error?.message).toBe('Expected "Among the Last" to be a whole number from 5 to 500, found 3');
	expect(() => readdirSync(store)).toThrow('ENOENT');
});

test('as a tool it tells the agent of each item once', async () => {
	const field = '={{ $fromAI("value", "number to judge", "number") }}';
	const storeFolder = `store-${++count}`;
	const parameters = {
		rule: 'limits',
		field,
		threshold: 1,
		reviewBand: false,
		alarmLogic: true,
		options: { storeFolder },
	};
	const tool = node('thresholdRouterTool', parameters, { name: 'Tool' });
	const { nodes, connections } = oneNode('agent');
	const toAgent = { Tool: { ai_tool: [[{ node: 'Node', type: 'ai_tool' as const, index: 0 }]] } };
	const run = await lab.run(
		{ nodes: [...nodes, tool], connections: { ...connections, ...toAgent } },
		{ items: [{ json: { arguments: { value: 3 } } }], mode: 'webhook' },
	);
	expect(run.json()[0].answer).toMatchObject([{ route: 'anomaly', alarm: 'raised' }]);
});

describe('the digest', () => {
	const digest = (parameters: object, storeFolder: string) =>
		oneNode(
			'thresholdRouter',
			{ operation: 'digest', period: 'today', options: { storeFolder }, ...parameters },
			{ name: 'Digest' },
		);
	const storeFolder = 'digested';
	const options = { options: { storeFolder } };

	beforeAll(async () => {
		const first = router({ ...options, coolDown: 10 }, { name: 'First' }).flow;
		const second = router(
			{ ...options, coolDown: 10, alarmOptions: { keepUntilGood: 3 } },
			{ name: 'Second' },
		).flow;
		await inProduction(first, parts([GOOD, BAD, BAD, DOUBTFUL], { category: 'bottle' }));
		await inProduction(second, parts([BAD], { category: 'can' }));
		await lab.run(first, { items: parts([BAD], { category: 'in a test' }) });
	});

	test('adds up all routers of the workflow in one item, with a sentence and a report', async () => {
		const run = await inProduction(digest({}, storeFolder), [{ json: {} }]);
		const [{ day: when, ...counts }] = run.json('Digest');
		const day = when as string;
		expect(day).toMatch(/^\d{4}-\d{2}-\d{2}$/);
		expect(counts).toEqual({
			parts: 5,
			anomalies: 3,
			reviews: 1,
			alarms: 2,
			escalations: 0,
			suppressed: 1,
			keys: 2,
			alarmsStanding: 1,
			reason: `${day}: 5 parts, 3 anomalous, 1 for review, 2 alarms, 1 suppressed`,
			report: [
				`${day}, category bottle: 4 parts, 2 anomalous, 1 for review, 1 alarm, 1 suppressed`,
				`${day}, category can: 1 part, 1 anomalous, 0 for review, 1 alarm`,
			].join('\n'),
		});
	});

	test('gives an item for each key when asked for', async () => {
		const run = await inProduction(digest({ perKey: true }, storeFolder), [{ json: {} }]);
		expect(run.json('Digest')).toMatchObject([
			{ alarmKey: 'category bottle', parts: 4, alarmStands: false },
			{ alarmKey: 'category can', parts: 1, alarmStands: true },
		]);
	});

	test('says that there were no parts on a day without, and for a name that nobody has', async () => {
		const yesterday = await inProduction(digest({ period: 'yesterday' }, storeFolder), [{ json: {} }]);
		expect(yesterday.json('Digest')).toMatchObject([
			{ parts: 0, reason: expect.stringMatching(/: no parts$/) },
		]);
		const unknown = await inProduction(digest({ memoryName: 'nobody' }, storeFolder), [{ json: {} }]);
		expect(unknown.json('Digest')).toMatchObject([{ parts: 0, keys: 0, report: '' }]);
	});

	test('is read while somebody writes', async () => {
		const [folder] = readdirSync(path.join(lab.files, storeFolder, 'locks'));
		const lock = await acquireLock(path.join(lab.files, storeFolder, 'locks', folder), {
			what: 'the lock',
		});
		const run = await inProduction(digest({}, storeFolder), [{ json: {} }]);
		await lock.release();
		expect(run.json('Digest')).toMatchObject([{ parts: 5 }]);
	});
});
