// What n8n adds to a score: webhook -> Score Image -> answer, minus the engine's own milliseconds, against the same with No Operation in
// its place; how slowly n8n's health answers meanwhile; and both with several executions at once. Usage: node bench/n8nOverhead.mjs [RUNS]
import { setTimeout as pause } from 'node:timers/promises';
import { healthDuring, post } from '../test/e2e/support/post.mjs';
import { flow, noOperation, scoreImage, webhook } from '../test/e2e/support/flow.mjs';
import { bootN8n } from '../test/e2e/support/home.mjs';
import { newPlate } from '../test/e2e/support/plates.mjs';
import { N8N_VERSION, NODE_VERSION } from '../scripts/n8n/places.mjs';
import { prepare } from '../scripts/setup.mjs';

const RUNS = Number(process.argv[2] ?? 60);
const WARM_UP = 5;
const SETTLE_MS = 250;
const AT_ONCE = [1, 4, 16];

prepare();
const n8n = await bootN8n();
try {
	const hooks = { score: scoreImage(), nothing: noOperation('No Operation') };
	for (const [name, step] of Object.entries(hooks))
		await n8n.client.publish(await n8n.client.saveWorkflow(flow(name, [webhook(name), step])));
	const plate = await newPlate(1);
	const call = async (name) => {
		const answer = await post(`${n8n.server.url}/webhook/${name}`, plate);
		// n8n writes an execution down after its answer: the next call must not pay for that.
		await pause(SETTLE_MS);
		return answer;
	};
	const around = [];
	const nothing = [];
	const { slowest } = await healthDuring(n8n.server.url, async () => {
		for (let i = 0; i < RUNS + WARM_UP; i++) {
			const [scored, passed] = [await call('score'), await call('nothing')];
			if (scored.status !== 200)
				throw new Error(`Expected a score, found ${JSON.stringify(scored.body)}`);
			if (i < WARM_UP) continue;
			around.push(scored.ms - scored.body.milliseconds);
			nothing.push(passed.ms);
		}
	});
	// Each caller sends its next call when it has the answer to the one before.
	const together = async (name, callers) => {
		const waits = [];
		const started = performance.now();
		const caller = async () => {
			while (waits.length < RUNS) {
				const { status, ms } = await post(`${n8n.server.url}/webhook/${name}`, plate);
				if (status !== 200) throw new Error(`Expected an answer, found status ${status}`);
				waits.push(ms);
			}
		};
		await Promise.all(Array.from({ length: callers }, caller));
		return { waits, perSecond: (1000 * waits.length) / (performance.now() - started) };
	};
	const crowds = [];
	for (const callers of AT_ONCE)
		for (const name of Object.keys(hooks))
			crowds.push({ callers, name, ...(await together(name, callers)) });
	// Built by prepare().
	const { Report, spreadOf } = (await import('../dist/bench/support/report.js')).default;
	const report = new Report('n8n overhead');
	console.log(`n8n      ${N8N_VERSION} on Node.js ${NODE_VERSION}`);
	const add = (what, values) => report.figure({ what, unit: 'ms', value: spreadOf(values) });
	add("webhook with Score Image, less the engine's own time", around);
	add('webhook with No Operation', nothing);
	add('difference of the medians', [spreadOf(around).median - spreadOf(nothing).median]);
	add("slowest answer of n8n's health meanwhile", [slowest()]);
	for (const { callers, name, waits, perSecond } of crowds) {
		const what = `${hooks[name].name}, ${callers} executions at once`;
		add(`${what}: wait for the answer`, waits);
		report.figure({ what: `${what}: together`, unit: 'executions/s', value: spreadOf([perSecond]) });
	}
	report.end();
} finally {
	await n8n.close();
}
