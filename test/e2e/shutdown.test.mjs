import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer } from '../../scripts/n8n/server.mjs';
import { openClient } from '../../scripts/n8n/client.mjs';
import { flow, manual, modelNamed, ours } from './support/flow.mjs';
import { DATA, MODEL, newHome, PASSWORD } from './support/home.mjs';
import { enginesOf, untilGone } from './support/processes.mjs';

const skip = process.platform === 'win32' && 'processes are looked up with ps, which Windows has not';
/** An engine notices that its host is gone within this time. */
const GONE_MS = 30_000;

let home;
before(async () => {
	home = await newHome();
});
after(() => home?.dispose());

test('n8n ended by its service manager leaves no engine process', { skip }, async () => {
	const { server, engines } = await serverWithEngine();
	await server.stop();
	await untilGone(engines, GONE_MS);
});

test('n8n killed outright leaves no engine process', { skip }, async () => {
	const { server, engines } = await serverWithEngine();
	await server.kill();
	await untilGone(engines, GONE_MS);
});

async function serverWithEngine() {
	const server = await startServer(home.folder);
	const client = await openClient(server.url, PASSWORD);
	const evaluate = { operation: 'evaluateDataset', model: modelNamed(MODEL), dataFolder: DATA };
	const id = await client.saveWorkflow(
		flow('Evaluate', [manual(), ours('evaluateMetrics', 'Evaluate', evaluate)]),
	);
	const { status } = await client.untilState(await client.runWorkflow(id, 'Start'));
	assert.equal(status, 'success');
	const engines = enginesOf(server.pid);
	assert.equal(engines.length, 1, 'one engine process per n8n process');
	return { server, engines };
}
