// What n8n adds to a score: webhook -> Score Image -> answer, minus the engine's own milliseconds, against the same with No Operation in
// its place; and how slowly n8n's health answers meanwhile. Usage: node bench/n8nOverhead.mjs [RUNS]
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
	// Built by prepare().
	const { Report, spreadOf } = (await import('../dist/bench/support/report.js')).default;
	const report = new Report('n8n overhead');
	console.log(`n8n      ${N8N_VERSION} on Node.js ${NODE_VERSION}`);
	const add = (what, values) => report.figure({ what, unit: 'ms', value: spreadOf(values) });
	add("webhook with Score Image, less the engine's own time", around);
	add('webhook with No Operation', nothing);
	add('difference of the medians', [spreadOf(around).median - spreadOf(nothing).median]);
	add("slowest answer of n8n's health meanwhile", [slowest()]);
	report.end();
} finally {
	await n8n.close();
}
