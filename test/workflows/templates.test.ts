import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { NodeHelpers, type INode, type INodeProperties, type INodeType } from 'n8n-workflow';
import { DinomalyModel } from '../../nodes/DinomalyModel/DinomalyModel.node';
import { EvaluateMetrics } from '../../nodes/EvaluateMetrics/EvaluateMetrics.node';
import { InspectionDataset } from '../../nodes/InspectionDataset/InspectionDataset.node';
import { ScoreImage } from '../../nodes/ScoreImage/ScoreImage.node';
import { ThresholdRouter } from '../../nodes/ThresholdRouter/ThresholdRouter.node';
import { TrainDinomaly } from '../../nodes/TrainDinomaly/TrainDinomaly.node';
import { boxOf, OURS, overlap, readTemplates, STICKY } from './templates';

/** Newest version of each of n8n's own nodes in n8n 2.41.1. */
const VERSIONS_OF_N8N: Readonly<Record<string, number>> = {
	dataTable: 1.1,
	emailSend: 2.1,
	extractFromFile: 1.1,
	filter: 2.3,
	httpRequest: 4.5,
	limit: 1,
	manualTrigger: 1,
	merge: 3.2,
	noOp: 1,
	readWriteFile: 1.1,
	respondToWebhook: 1.5,
	scheduleTrigger: 1.4,
	slack: 2.7,
	stickyNote: 1,
	wait: 1.1,
	webhook: 2.1,
};

const types = new Map<string, INodeType>(
	[DinomalyModel, EvaluateMetrics, InspectionDataset, ScoreImage, ThresholdRouter, TrainDinomaly].map(
		(NodeClass) => {
			const type = new NodeClass();
			return [`${OURS}${type.description.name}`, type];
		},
	),
);
const templates = readTemplates();

test('there are seven, with ids and names of their own', () => {
	expect(templates).toHaveLength(7);
	expect(new Set(templates.map(({ id }) => id)).size).toBe(7);
	expect(new Set(templates.map(({ name }) => name)).size).toBe(7);
	for (const { id } of templates) expect(id).toMatch(/^[A-Za-z0-9]{16}$/);
});

describe.each(templates)('$file', (template) => {
	const { nodes, connections, text } = template;
	const ours = nodes.filter(({ type }) => type.startsWith(OURS));
	const named = new Map(nodes.map((node) => [node.name, node]));

	test('names and ids of nodes are unique', () => {
		expect(named.size).toBe(nodes.length);
		expect(new Set(nodes.map(({ id }) => id)).size).toBe(nodes.length);
	});

	test('our nodes are there and know every parameter', () => {
		expect(ours.length).toBeGreaterThan(0);
		for (const node of ours) {
			const { properties, version } = types.get(node.type)!.description;
			expect({ node: node.name, unknown: unknownParameters(node.parameters, properties) }).toEqual({
				node: node.name,
				unknown: [],
			});
			expect([version].flat()).toContain(node.typeVersion);
		}
	});

	test('our nodes lack no parameter, as the editor sees it', () => {
		for (const node of ours) {
			const { description } = types.get(node.type)!;
			const parameters = NodeHelpers.getNodeParameters(
				description.properties,
				node.parameters,
				true,
				false,
				node,
				description,
			);
			const issues = NodeHelpers.getNodeParametersIssues(
				description.properties,
				{ ...node, parameters: parameters ?? {} },
				description,
			);
			expect({ node: node.name, issues }).toEqual({ node: node.name, issues: null });
			// What n8n drops is a parameter that the chosen operation does not show.
			for (const name of Object.keys(node.parameters)) expect(parameters).toHaveProperty(name);
		}
	});

	test("n8n's own nodes have versions that n8n 2.41.1 knows", () => {
		for (const { type, typeVersion } of nodes) {
			if (type.startsWith(OURS)) continue;
			const newest = VERSIONS_OF_N8N[type.replace('n8n-nodes-base.', '')] as number | undefined;
			expect({ type, known: newest !== undefined && typeVersion <= newest }).toEqual({
				type,
				known: true,
			});
		}
	});

	test('connections join nodes that exist, and every node is reached', () => {
		const reached = new Set<string>();
		for (const [from, { main }] of Object.entries(connections)) {
			expect(named.has(from)).toBe(true);
			for (const output of main)
				for (const target of output ?? []) {
					expect(named.has(target.node)).toBe(true);
					reached.add(target.node);
				}
		}
		for (const { name, type } of nodes) {
			const isStart = type === STICKY || /Trigger$|\.webhook$/.test(type);
			expect({ name, connected: isStart || reached.has(name) }).toEqual({ name, connected: true });
		}
	});

	test('expressions speak of nodes that exist', () => {
		for (const [, name] of text.matchAll(/\$\('([^']+)'\)/g)) expect([...named.keys()]).toContain(name);
	});

	test('it brings no credentials, no absolute path and no data', () => {
		for (const node of nodes) expect(node).not.toHaveProperty('credentials');
		expect(text).not.toMatch(/"(?:\/(?!\/)|[A-Za-z]:\\\\|~\/)[^"]*"/);
		expect(text).not.toMatch(/\/(?:work|home|tmp|root|Users)\//);
		expect(JSON.parse(text)).toMatchObject({ pinData: {}, active: false });
	});

	test('alerts are there, and switched off until somebody chooses credentials', () => {
		for (const { type, disabled } of nodes)
			if (/\.(?:slack|emailSend)$/.test(type)) expect(disabled).toBe(true);
	});

	test('notes explain it', () => {
		const notes = nodes.filter(({ type }) => type === STICKY);
		expect(notes.length).toBeGreaterThanOrEqual(2);
		expect(notes[0].parameters.content).toMatch(/^# /);
	});

	test('nodes do not overlap, and flow from left to right', () => {
		const boxes = nodes.filter(({ type }) => type !== STICKY).map(boxOf);
		for (const [i, a] of boxes.entries())
			for (const b of boxes.slice(i + 1)) expect(overlap(a, b) ? [a.name, b.name] : []).toEqual([]);
		for (const [from, { main }] of Object.entries(connections))
			for (const { node } of main.flatMap((output) => output ?? []))
				expect(named.get(node)!.position[0]).toBeGreaterThan(named.get(from)!.position[0]);
	});

	test('a node lies inside a note or beside it, below its text, and notes do not overlap', () => {
		const notes = nodes.filter(({ type }) => type === STICKY).map(boxOf);
		for (const [i, a] of notes.entries())
			for (const b of notes.slice(i + 1)) expect(overlap(a, b) ? [a.name, b.name] : []).toEqual([]);
		for (const node of nodes.filter(({ type }) => type !== STICKY)) {
			const box = boxOf(node);
			for (const note of notes.filter((one) => overlap(one, box))) {
				const inside =
					box.left >= note.left &&
					box.right <= note.right &&
					box.bottom <= note.bottom &&
					box.top - note.top >= 90;
				expect({ node: box.name, note: note.name, inside }).toEqual({
					node: box.name,
					note: note.name,
					inside: true,
				});
			}
		}
	});
});

test('the watched folder counts its day: the digest reads what its own router counts, and is sent', () => {
	const { nodes, connections } = templates.find(({ file }) => file.startsWith('03'))!;
	const routers = nodes.filter(({ type }) => type === `${OURS}thresholdRouter`);
	const [counting, digest] = ['route', 'digest'].map((operation) =>
		routers.find(({ parameters }) => (parameters.operation ?? 'route') === operation)!,
	);
	expect(counting.parameters.alarmLogic).toBe(true);
	// Without a name a router counts for its workflow, and only there the digest finds it.
	expect(counting.parameters.alarmOptions).not.toHaveProperty('memoryName');
	expect(digest.parameters).toMatchObject({ period: 'yesterday', memoryName: '' });
	const from = Object.entries(connections).find(([, { main }]) => main[0]?.[0]?.node === digest.name)!;
	expect(nodes.find(({ name }) => name === from[0])!.parameters.rule).toMatchObject({
		interval: [{ field: 'days', daysInterval: 1 }],
	});
	const messages = connections[digest.name].main[0]!.map(({ node }) => node);
	expect(messages).toHaveLength(2);
	for (const { parameters } of nodes.filter(({ name }) => messages.includes(name)))
		expect(parameters.text).toContain('$json.report');
});

test.each(['02', '05'])('template %s tells who posts an image that it is unknown, and why', (number) => {
	const { nodes } = templates.find(({ file }) => file.startsWith(number))!;
	const answers = nodes.filter(
		({ parameters: { responseBody } }) =>
			typeof responseBody === 'string' && responseBody.includes('verdict:'),
	);
	expect(answers.length).toBeGreaterThan(0);
	for (const { parameters } of answers)
		expect(parameters.responseBody).toMatch(
			/outOfDistribution: \$json\.outOfDistribution, unknownReason: \$json\.unknownReason/,
		);
});

/** Parameters that a list of properties does not have, also inside collections; and choices that are none. */
function unknownParameters(
	parameters: INode['parameters'],
	properties: readonly INodeProperties[],
): string[] {
	return Object.entries(parameters).flatMap(([name, value]) => {
		const candidates = properties.filter((property) => property.name === name);
		if (candidates.length === 0) return [name];
		const inner = candidates.flatMap(({ options = [] }) => options);
		if (candidates[0].type === 'collection')
			return unknownParameters(value as INode['parameters'], inner as INodeProperties[]).map(
				(unknown) => `${name}.${unknown}`,
			);
		if (candidates[0].type !== 'options' && candidates[0].type !== 'multiOptions') return [];
		const choices = inner.map((option) => ('value' in option ? option.value : undefined));
		const given = Array.isArray(value) ? value : [value];
		return given
			.filter(
				(one) =>
					!(typeof one === 'string' && one.startsWith('=')) && !choices.includes(one as string),
			)
			.map((one) => `${name} = ${JSON.stringify(one)}`);
	});
}

/** n8n itself, installed beside the package for tests of the real thing. */
const N8N_SERVER = path.resolve(__dirname, '..', '..', '.n8n-server');
const N8N_NODES = path.join(N8N_SERVER, 'node_modules', 'n8n-nodes-base');
const withN8n = isInstalled() ? test : test.skip;

/** It may be on its way: the stamp is written when it is whole. */
function isInstalled(): boolean {
	const stamp = path.join(N8N_SERVER, '.installed');
	return existsSync(stamp) && /^n8n /m.test(readFileSync(stamp, 'utf8')) && existsSync(N8N_NODES);
}

withN8n("the list of n8n's versions is true (n8n is installed beside this checkout)", () => {
	// eslint-disable-next-line @typescript-eslint/no-require-imports -- where it lies is only known at run time
	const known = require(path.join(N8N_NODES, 'dist', 'known', 'nodes.json')) as Record<string, unknown>;
	for (const name of Object.keys(VERSIONS_OF_N8N)) expect(known).toHaveProperty(name);
});
