import path from 'node:path';
import { runInNewContext } from 'node:vm';
import type { configuredOutputs, OutputParameters } from '../../nodes/ThresholdRouter/outputs';
import { ThresholdRouter } from '../../nodes/ThresholdRouter/ThresholdRouter.node';
import { EvaluationRuns } from '../../src/store/evaluationRuns';
import { FolderStore } from '../../src/store/folderStore';
import { sampleDraft } from '../store/sampleModel';
import { sampleRun } from '../store/sampleRun';
import { node, oneNode } from './support/flow';
import { N8nLab } from './support/n8nLab';

let lab: N8nLab;

beforeAll(async () => {
	lab = await N8nLab.open({ thresholdRouter: ThresholdRouter });
});

afterAll(() => {
	lab.close();
});

const route = (parameters = {}, options = {}) => oneNode('thresholdRouter', parameters, options);
/** A score among 199 normal images of which `above` scored higher. */
const scored = (above: number, more = {}) => ({
	json: {
		file: `${above}.png`,
		category: 'bottle',
		score: 2 - above / 100,
		pValue: (above + 1) / 200,
		threshold: 1.99,
		calibrationImages: 199,
		verdict: 'normal',
		...more,
	},
});
const files = (outputs: readonly (readonly { json: { file?: unknown } }[])[]) =>
	outputs.map((items) => items.map(({ json }) => json.file));

test.each<[OutputParameters, string[]]>([
	[{}, ['Normal', 'Review', 'Anomaly']],
	[{ invalidOutput: true }, ['Normal', 'Review', 'Anomaly', 'Invalid']],
	[{ alarmLogic: true }, ['Normal', 'Review', 'Anomaly', 'Alarm']],
	[{ alarmLogic: true, invalidOutput: true }, ['Normal', 'Review', 'Anomaly', 'Alarm', 'Invalid']],
])('with %j the outputs are %j, as n8n works them out from the text', async (parameters, names) => {
	const run = await lab.run(route({ rule: 'limits', threshold: 1, ...parameters }), {
		items: [{ json: { score: 0 } }],
	});
	expect(run.error).toBeUndefined();
	expect(run.outputs()).toHaveLength(names.length);
	const { outputs } = new ThresholdRouter().description;
	const text = (outputs as string).slice('={{'.length, -'($parameter)}}'.length);
	const named = (runInNewContext(text) as typeof configuredOutputs)(parameters);
	expect(named.map(({ displayName }) => displayName)).toEqual(names);
});

test('the p-value against the two rates decides, and the reason is one sentence', async () => {
	const run = await lab.run(route(), { items: [scored(150), scored(5), scored(0), scored(1)] });
	expect(files(run.outputs())).toEqual([['150.png'], ['5.png'], ['0.png', '1.png']]);
	const [normal, review, anomaly] = run.outputs().map(([item]) => item.json);
	expect(normal).toMatchObject({ route: 'normal' });
	expect(review).toMatchObject({ route: 'review' });
	expect(anomaly.reason).toBe(
		'bottle is anomalous: score 2 against threshold 1.99, higher than all 199 normal images of the calibration (anomalous up to 1 %, review up to 5 %)',
	);
});

test('a higher false-alarm rate sends more to Anomaly', async () => {
	const items = Array.from({ length: 40 }, (_, above) => scored(above));
	const counts = async (falseAlarmRate: number) =>
		(await lab.run(route({ falseAlarmRate, reviewRate: 0.5 }), { items }))
			.outputs()
			.map((output) => output.length);
	expect(await counts(0.01)).toEqual([0, 38, 2]);
	expect(await counts(0.1)).toEqual([0, 20, 20]);
});

test('without a review band doubtful parts are normal', async () => {
	const run = await lab.run(route({ reviewBand: false }), { items: [scored(5), scored(0)] });
	expect(files(run.outputs())).toEqual([['5.png'], [], ['0.png']]);
});

test('limits hold any number, in either direction', async () => {
	const items = [1, 4, 6].map((brightness) => ({ json: { file: `${brightness}`, brightness } }));
	const limits = { rule: 'limits', field: 'brightness', threshold: 5, reviewThreshold: 3 };
	const above = await lab.run(route({ ...limits, direction: 'above' }), { items });
	expect(files(above.outputs())).toEqual([['1'], ['4'], ['6']]);
	const below = await lab.run(route({ ...limits, direction: 'below', threshold: 3, reviewThreshold: 5 }), {
		items,
	});
	expect(files(below.outputs())).toEqual([['6'], ['4'], ['1']]);
});

test('a category may have a rule of its own', async () => {
	const limits = {
		rule: 'limits',
		field: 'score',
		threshold: 1,
		reviewBand: false,
		limitsByCategory: { rows: [{ category: 'cable', threshold: 3, reviewThreshold: 2 }] },
	};
	const items = ['bottle', 'cable'].map((category) => ({ json: { file: category, category, score: 2 } }));
	expect(files((await lab.run(route(limits), { items })).outputs())).toEqual([['cable'], [], ['bottle']]);
	const rates = {
		calibrationByCategory: { rows: [{ category: 'bottle', falseAlarmRate: 0.2, reviewRate: 0.3 }] },
	};
	const run = await lab.run(route(rates), { items: [scored(30), scored(30, { category: 'cable' })] });
	expect(run.outputs().map((output) => output.map(({ json }) => json.category))).toEqual([
		['cable'],
		[],
		['bottle'],
	]);
});

test('rates and limits may be expressions of the item', async () => {
	const run = await lab.run(route({ falseAlarmRate: '={{ $json.rate }}', reviewBand: false }), {
		items: [scored(10, { rate: 0.01 }), scored(10, { rate: 0.2 })],
	});
	expect(run.outputs().map((output) => output.length)).toEqual([1, 0, 1]);
});

test('items keep their fields, binary data and pairing', async () => {
	const binary = { heatmap: { data: 'AAAA', mimeType: 'image/png' } };
	const run = await lab.run(route(), { items: [scored(0), { ...scored(1), binary }] });
	const [, , anomaly] = run.outputs();
	expect(anomaly[1].binary).toHaveProperty('heatmap');
	expect(anomaly.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 1 }]);
	expect(anomaly[0].json).toMatchObject({ file: '0.png', pValue: 1 / 200, route: 'anomaly' });
});

test('an item without a score goes to the error output and says what is missing', async () => {
	const run = await lab.run(route({}, { onError: 'continueErrorOutput' }), {
		items: [scored(0), { json: { file: 'none' } }],
	});
	const outputs = run.outputs();
	expect(outputs).toHaveLength(4);
	expect(outputs[2]).toHaveLength(1);
	expect(outputs[3][0].json.error).toBe('Expected a number in field "score", found no such field');
});

test('when the flow is to go on all the same, an item without a score is for a person to look at', async () => {
	const run = await lab.run(route({}, { onError: 'continueRegularOutput' }), { items: [{ json: {} }] });
	expect(run.outputs().map((output) => output.length)).toEqual([0, 1, 0]);
});

test('a score without calibration is refused by the calibration rule', async () => {
	const item = scored(0, { verdict: 'uncalibrated', pValue: null, threshold: null });
	const run = await lab.run(route(), { items: [item] });
	expect(run.error?.message).toMatch(/without calibration/);
});

test('a review rate below the false-alarm rate is refused', async () => {
	const run = await lab.run(route({ falseAlarmRate: 0.1, reviewRate: 0.05 }), { items: [scored(0)] });
	expect(run.error?.message).toMatch(/review rate between the false-alarm rate 0.1 and 1, found 0.05/);
});

test('as a tool it judges the number that an agent has, whichever output that is', async () => {
	const field = '={{ $fromAI("value", "number to judge", "number") }}';
	const limits = { rule: 'limits', field, threshold: 1, reviewBand: false };
	const tool = node('thresholdRouterTool', limits, { name: 'Tool' });
	const { nodes, connections } = oneNode('agent');
	const toAgent = { Tool: { ai_tool: [[{ node: 'Node', type: 'ai_tool' as const, index: 0 }]] } };
	const run = await lab.run(
		{ nodes: [...nodes, tool], connections: { ...connections, ...toAgent } },
		{ items: [{ json: { arguments: { value: 3 } } }] },
	);
	expect(run.json()[0].answer).toMatchObject([
		{ route: 'anomaly', reason: 'The item is anomalous: value 3 is above threshold 1' },
	]);
});

test('a field may be nested, and a table may give its number as text', async () => {
	const limits = { rule: 'limits', field: 'body.gap', threshold: 1, reviewBand: false };
	const items = ['0.5', ' 2e0 ', '', '1,5'].map((gap) => ({ json: { file: gap, body: { gap } } }));
	const run = await lab.run(route(limits, { onError: 'continueErrorOutput' }), { items });
	expect(run.outputs().map((output) => output.length)).toEqual([1, 0, 1, 2]);
	expect(run.outputs()[3][1].json.error).toBe('Expected a number in field "body.gap", found "1,5"');
});

test('an expression may give the number itself', async () => {
	const limits = { rule: 'limits', field: '={{ $json.a / $json.b }}', threshold: 1, reviewBand: false };
	const run = await lab.run(route(limits), { items: [{ json: { a: 1, b: 4 } }] });
	expect(run.outputs()[0].map(({ json }) => json)).toMatchObject([
		{ reason: 'The item is normal: value 0.25 is not above 1' },
	]);
});

describe('by the best F1 of an evaluation', () => {
	const rule = { rule: 'bestF1', options: { storeFolder: 'models' } };
	const item = (score: number, more = {}) => ({
		json: { file: `${score}`, category: 'bolt', model: 'tiny', version: '1', score, ...more },
	});
	const newest = sampleRun({ created: '2026-02-01T12:00:00.000Z' });

	beforeAll(async () => {
		const runs = new EvaluationRuns(path.join(lab.files, 'models'));
		await runs.record(sampleRun({ images: [] }));
		await runs.record(newest);
	});

	test('the newest evaluation of the version sets the threshold of each category', async () => {
		// Good images score 0.1 and 0.3, the defect 0.4: halfway is 0.35, and review begins a fifth of the way to the median 0.3 below.
		const run = await lab.run(route(rule), { items: [item(0.33), item(0.345), item(0.36)] });
		expect(files(run.outputs())).toEqual([['0.33'], ['0.345'], ['0.36']]);
		expect(run.outputs()[2][0].json.reason).toBe(
			'bolt is anomalous: score 0.36 is above threshold 0.35 (best F1 1.000 on 2 good and 1 defective images)',
		);
	});

	test.each([
		[{ version: '2' }, 'Expected an evaluation of model "tiny" version 2, found none'],
		[{ category: 'nut' }, /of category "nut" in evaluation \S+, found none of one kind/],
		[{ model: undefined }, /Expected the item to name its model and version/],
	])('an item %j fails and says what is missing', async (more, message) => {
		const run = await lab.run(route(rule, { onError: 'continueErrorOutput' }), {
			items: [item(0.36), item(0.36, more)],
		});
		const [, , anomaly, failures] = run.outputs();
		expect(anomaly).toHaveLength(1);
		expect(failures[0].json.error).toMatch(message);
	});

	test('a run of another version is no measure', async () => {
		const options = { ...rule.options, evaluationRun: newest.id };
		const named = (version: string) =>
			lab.run(route({ ...rule, options }), { items: [item(0.36, { version })] });
		expect((await named('1')).error).toBeUndefined();
		expect((await named('2')).error?.message).toBe(
			'Expected an evaluation of model "tiny" version 2, found one of version 1',
		);
	});
});

test("the model's verdict is followed, and one that is none cannot be judged", async () => {
	const items = ['normal', 'review', 'anomaly', 'fine', 'uncalibrated'].map((verdict) =>
		scored(0, {
			file: verdict,
			verdict,
			thresholdBasis: 'at most 1 % false alarms',
			reviewThreshold: 1.5,
		}),
	);
	const run = await lab.run(route({ rule: 'verdict', invalidOutput: true }), { items });
	expect(files(run.outputs())).toEqual([['normal'], ['review'], ['anomaly'], ['fine', 'uncalibrated']]);
	expect(run.outputs()[2][0].json.reason).toBe(
		"bottle is anomalous: score 2 against the model's threshold 1.99, review from 1.5 (at most 1 % false alarms)",
	);
	expect(run.outputs()[3][0].json.reason).toBe(
		'bottle could not be judged: expected the verdict normal, review or anomaly, found "fine"',
	);
});

describe('by own conditions', () => {
	const rule = {
		rule: 'condition',
		anomalyWhen: '={{ $json.score > 3 }}',
		reviewWhen: '={{ $json.regionCount > 1 }}',
		conditionMeaning: 'deep or many',
	};

	test('expressions decide, anomalous before review', async () => {
		const items = [
			{ json: { file: '1', score: 1, regionCount: 0 } },
			{ json: { file: '2', score: 1, regionCount: 2 } },
			{ json: { file: '3', score: 4, regionCount: 2 } },
		];
		const run = await lab.run(route(rule), { items });
		expect(files(run.outputs())).toEqual([['1'], ['2'], ['3']]);
		expect(run.outputs()[2][0].json.reason).toBe(
			'The item is anomalous: the condition for it holds (deep or many)',
		);
	});

	test('a fixed value is no condition, and neither is one that gives no truth', async () => {
		const fixed = await lab.run(route({ ...rule, anomalyWhen: false }));
		expect(fixed.error?.message).toBe('Expected an expression in "Anomalous When", found a fixed value');
		const none = await lab.run(route({ ...rule, anomalyWhen: '={{ $json.nothing }}' }));
		expect(none.error?.message).toMatch(
			/^Expected true or false from "Anomalous When", found (nothing|null)$/,
		);
	});
});

describe('by regions', () => {
	const item = (file: string, ...regions: { box: number[]; areaPx: number }[]) => ({
		json: { file, category: 'bottle', regions, width: 400, height: 300 },
	});
	const spot = (x: number, areaPx: number) => ({ box: [x, 10, 20, 20], areaPx });
	const zones = {
		rows: [
			{ name: 'seal', shape: 'rectangle', rectangle: '0, 0, 100, 300' },
			{ name: 'cap', shape: 'polygon', corners: '300,0 400,0 400,100', category: 'jar' },
		],
	};

	test('the largest region inside zones of its category', async () => {
		const run = await lab.run(
			route({
				rule: 'regions',
				regionPlace: 'inside',
				zones,
				regionAreaThreshold: 50,
				regionAreaReview: 20,
			}),
			{
				items: [
					item('none'),
					item('elsewhere', spot(360, 99)),
					item('small', spot(5, 30)),
					item('large', spot(5, 99)),
				],
			},
		);
		expect(files(run.outputs())).toEqual([['none', 'elsewhere'], ['small'], ['large']]);
		expect(run.outputs()[2][0].json.reason).toBe(
			'bottle is anomalous: the largest region inside zone seal has 99 px (at x 5, y 10), more than 50',
		);
	});

	test('the number of regions outside of zones, small ones left out', async () => {
		const run = await lab.run(
			route({
				rule: 'regions',
				regionMeasure: 'count',
				regionPlace: 'outside',
				zones,
				options: { smallestRegion: 10 },
			}),
			{
				items: [
					item('in', spot(5, 99)),
					item('one', spot(150, 99), spot(200, 9)),
					item('two', spot(150, 99), spot(200, 99)),
				],
			},
		);
		expect(files(run.outputs())).toEqual([['in'], ['one'], ['two']]);
	});

	test('a zone that is none is refused, and an item without regions cannot be judged', async () => {
		const bad = { rows: [{ name: 'seal', shape: 'rectangle', rectangle: '1, 2' }] };
		const refused = await lab.run(route({ rule: 'regions', regionPlace: 'inside', zones: bad }), {
			items: [item('any')],
		});
		expect(refused.error?.message).toMatch(/^Expected zone "seal" to be the four numbers/);
		const run = await lab.run(route({ rule: 'regions', invalidOutput: true }), {
			items: [{ json: { regions: [1] } }],
		});
		expect(run.outputs()[3][0].json.reason).toBe(
			'The item could not be judged: expected a list of regions in field "regions", found [1]',
		);
	});
});

describe('with an output for what cannot be judged', () => {
	const invalid = (options = {}) => route({ invalidOutput: true, options });

	test('no score, no calibration and a failed picture go to Invalid, each with a reason', async () => {
		const items = [
			{ json: { file: 'none' } },
			scored(0, { file: 'uncalibrated', verdict: 'uncalibrated', pValue: null }),
			{ json: { file: 'broken', error: 'Could not decode broken.png', details: 'Send a PNG.' } },
			scored(0),
		];
		const run = await lab.run(invalid(), { items });
		expect(files(run.outputs())).toEqual([[], [], ['0.png'], ['none', 'uncalibrated', 'broken']]);
		expect(run.outputs()[3].map(({ json }) => json.reason)).toEqual([
			'The item could not be judged: expected a number in field "score", found no such field',
			'bottle could not be judged: expected the score of a calibrated model, found one of a model without calibration',
			'The item could not be judged: could not decode broken.png',
		]);
		expect(run.outputs()[3][0].json.route).toBe('invalid');
	});

	test('settings that make no sense still fail', async () => {
		const run = await lab.run(route({ invalidOutput: true, falseAlarmRate: 0.1, reviewRate: 0.05 }), {
			items: [scored(0)],
		});
		expect(run.error?.message).toMatch(/review rate/);
	});

	test.each([
		['bottles', ['same', 'old']],
		['bottles@2', ['same']],
		['bottles@production', ['same']],
	])('scores of another model than %s are invalid', async (expectedModel, good) => {
		const store = new FolderStore(path.join(lab.files, 'expected'));
		if ((await store.list()).length === 0) {
			await store.publish('bottles', sampleDraft());
			await store.publish('bottles', sampleDraft());
			await store.promote('bottles@2', 'production');
		}
		const items = [
			scored(150, { file: 'same', model: 'bottles', version: '2' }),
			scored(150, { file: 'old', model: 'bottles', version: '1' }),
			scored(150, { file: 'other', model: 'cans', version: '2' }),
			scored(150, { file: 'nobody' }),
		];
		const run = await lab.run(invalid({ expectedModel, storeFolder: 'expected' }), { items });
		expect(files(run.outputs())[0]).toEqual(good);
		expect(run.outputs()[3].at(-1)?.json.reason).toBe(
			'bottle could not be judged: expected a score of model "bottles", found one that names no model',
		);
	});
});

describe('an image that is unlike anything seen in training', () => {
	const REASON =
		'Unlike anything seen in training: expected an image like those of bottle, found an image at distance 0.91, beyond 0.55; check the part';
	const said = REASON.charAt(0).toLowerCase() + REASON.slice(1);
	/** A score that every rule calls normal. */
	const strange = (more = {}) =>
		scored(150, {
			file: 'strange.png',
			verdict: 'unknown',
			outOfDistribution: true,
			unknownReason: REASON,
			...more,
		});
	const items = () => [scored(150, { outOfDistribution: false }), strange()];
	const rules = [
		{ rule: 'calibration' },
		{ rule: 'verdict' },
		{ rule: 'limits', field: 'score', threshold: 5, reviewThreshold: 4 },
		{ rule: 'condition', anomalyWhen: '={{ $json.score > 5 }}', reviewBand: false },
	];

	test.each(rules)('goes to Review by %j, whatever it scores, and says why', async (rule) => {
		const run = await lab.run(route({ ...rule, invalidOutput: true }), { items: items() });
		expect(run.error).toBeUndefined();
		expect(files(run.outputs())).toEqual([['150.png'], ['strange.png'], [], []]);
		expect(run.outputs()[1][0].json).toMatchObject({
			route: 'review',
			reason: `bottle needs review: ${said}`,
		});
	});

	test('never passes as normal, not even without a review band', async () => {
		const run = await lab.run(route({ reviewBand: false }), { items: items() });
		expect(files(run.outputs())).toEqual([['150.png'], ['strange.png'], []]);
	});

	test('goes where a person wants it', async () => {
		const to = async (unknownImages: string, more = {}) =>
			(await lab.run(route({ options: { unknownImages }, ...more }), { items: items() })).outputs();
		const anomaly = await to('anomaly');
		expect(files(anomaly)).toEqual([['150.png'], [], ['strange.png']]);
		expect(anomaly[2][0].json.reason).toBe(`bottle counts as anomalous: ${said}`);
		const invalid = await to('invalid', { invalidOutput: true });
		expect(files(invalid)).toEqual([['150.png'], [], [], ['strange.png']]);
		expect(invalid[3][0].json).toMatchObject({
			route: 'invalid',
			reason: `bottle could not be judged: ${said}`,
		});
		expect(files(await to('invalid'))).toEqual([['150.png'], ['strange.png'], []]);
	});

	test.each(rules)('follows %j when that is asked for', async (rule) => {
		const run = await lab.run(route({ ...rule, options: { unknownImages: 'rule' } }), { items: items() });
		expect(files(run.outputs())).toEqual([['150.png', 'strange.png'], [], []]);
	});

	test('keeps the side of the threshold that it lies on when the verdict of the model is followed', async () => {
		const parameters = { rule: 'verdict', options: { unknownImages: 'rule' } };
		const run = await lab.run(route(parameters), {
			items: [strange({ score: 3 }), strange({ score: 1.9, reviewThreshold: 1.8 })],
		});
		expect(run.outputs().map((output) => output.map(({ json }) => json.score))).toEqual([[], [1.9], [3]]);
	});

	test('goes to Review also when its model has no thresholds, and when the sentence was lost', async () => {
		const item = {
			json: { file: 'strange.png', score: 1, verdict: 'unknown', outOfDistribution: true },
		};
		const run = await lab.run(route(), { items: [item] });
		expect(run.outputs()[1][0].json.reason).toBe(
			'The image needs review: unlike anything seen in training',
		);
	});
});
