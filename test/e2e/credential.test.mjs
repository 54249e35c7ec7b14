import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { outputsOf } from '../../scripts/n8n/client.mjs';
import { flow, manual, ours } from './support/flow.mjs';
import { openGatedHub } from './support/gatedHub.mjs';
import { DATA, sharedN8n } from './support/home.mjs';
import { assertInNoFile } from './support/traces.mjs';

let n8n;
let hub;
before(async () => {
	hub = await openGatedHub();
	n8n = await sharedN8n();
});
after(async () => {
	await n8n?.close();
	hub?.close();
});

test('without a token the node says that the encoder is gated, and where a token is given', async () => {
	const { status, data } = await train('no-token');
	assert.equal(status, 'error');
	const { message, description } = data.resultData.error;
	assert.match(message, /^Encoder deit-tiny: Expected the file at .* HTTP status 401 \(access refused\)/);
	assert.match(
		description,
		/accept its terms at .*, then give a Hugging Face access token \(in n8n the credential/,
	);
});

test("with n8n's Hugging Face credential it is fetched, and the token is in no log, execution or file in the clear", async () => {
	const secret = { name: 'Hub', type: 'huggingFaceApi', data: { apiKey: hub.token } };
	const { id, name } = await n8n.client.rest('POST', '/credentials', secret);
	const execution = await train('token', { huggingFaceApi: { id, name } });
	assert.equal(execution.status, 'success', JSON.stringify(execution.data.resultData.error));
	const [[{ json }]] = outputsOf(execution, 'Train');
	assert.equal(json.encoder, hub.encoder);
	assert.ok(!JSON.stringify(execution).includes(hub.token));
	assertInNoFile(n8n.home.folder, hub.token);
});

async function train(model, credentials) {
	const options = {
		...{ encoder: hub.encoder, hubEndpoint: hub.url },
		...{ imageSize: 32, cropSize: 32, batchSize: 2, iterations: 1, calibrationShare: 0 },
	};
	const parameters = {
		operation: 'train',
		source: 'folder',
		dataFolder: DATA,
		model,
		run: 'wait',
		options,
	};
	const id = await n8n.client.saveWorkflow(
		flow(`Gated ${model}`, [manual(), ours('trainDinomaly', 'Train', parameters, { credentials })]),
	);
	return n8n.client.untilState(await n8n.client.runWorkflow(id, 'Start'));
}
