import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { TrainDinomaly } from '../../nodes/TrainDinomaly/TrainDinomaly.node';
import type { Engine } from '../../src/engine/host';
import { createRandom } from '../../src/random';
import { findEncoder } from '../../src/weights/catalogue';
import { canonicalShapes } from '../../src/weights/encoderArchitecture';
import { writeSafetensors } from '../../src/weights/safetensors';
import { drawTinyDataset } from '../support/tinyDataset';
import { HubServer, serveFile, type Answer } from '../weights/hubServer';
import { oneNode } from './support/flow';
import { N8nLab } from './support/n8nLab';
import type { Run } from './support/run';
import { engineFromSources } from './support/sharedEngine';

const TOKEN = 'hf_opensesameopensesame';
const ENCODER = 'deit-tiny';

let lab: N8nLab;
let engine: Engine;
let hub: HubServer;
beforeAll(async () => {
	lab = await N8nLab.open({ trainDinomaly: TrainDinomaly });
	engine = engineFromSources();
	hub = await HubServer.start();
	const weights = path.join(lab.home, 'deit-tiny.safetensors');
	await writeWeights(weights);
	hub.answer = gated(serveFile(readFileSync(weights)));
	await drawTinyDataset(path.join(lab.files, 'data'), ['bolt'], 8);
}, 60_000);
afterAll(async () => {
	await engine.close();
	await hub.stop();
	lab.close();
});

test.each([
	[
		'no token',
		undefined,
		/then give a Hugging Face access token \(in n8n the credential of Train Dinomaly/,
	],
	['a token without leave', 'hf_somebodyelse', /The token has no access: accept the model's terms at/],
])('a gated encoder and %s: the node says what is missing, and trains nothing', async (_, token, advice) => {
	const run = await train('refused', token);
	expect(run.error?.message).toMatch(
		/^Encoder deit-tiny: Expected the file at http:.*, found HTTP status 401 \(access refused\)$/,
	);
	expect(run.error).toMatchObject({ description: expect.stringMatching(advice) });
	expectNowhere(token ?? TOKEN, run);
});

test('a token that cannot be one is refused before it is sent anywhere', async () => {
	const before = hub.exchanges.length;
	const run = await train('odd', 'hf_two\nlines');
	expect(run.error?.message).toBe(
		'Expected a Hugging Face token of visible ASCII characters, found others in it',
	);
	expect(hub.exchanges).toHaveLength(before);
});

test('with the token of the credential a gated encoder is fetched and trained with, and the token is kept nowhere', async () => {
	const printed: string[] = [];
	const spies = (['stdout', 'stderr'] as const).map((name) =>
		jest.spyOn(process[name], 'write').mockImplementation((text) => {
			printed.push(String(text));
			return true;
		}),
	);
	const run = await train('opened', TOKEN).finally(() => {
		for (const spy of spies) spy.mockRestore();
	});
	expect(run.error).toBeUndefined();
	expect(run.json()).toMatchObject([{ reference: 'opened@1', encoder: ENCODER }]);
	expect(hub.exchanges.at(-1)?.authorization).toBe(`Bearer ${TOKEN}`);
	expect(printed.join('')).not.toContain(TOKEN);
	expectNowhere(TOKEN, run);
}, 60_000);

/** Asks for the header as the hub does for models whose terms must be accepted. */
function gated(answer: Answer): Answer {
	return (request, response) => {
		if (request.headers.authorization === `Bearer ${TOKEN}`) answer(request, response);
		else response.writeHead(401, { 'x-error-code': 'GatedRepo' }).end('Access is restricted');
	};
}

function train(model: string, apiKey: string | undefined): Promise<Run> {
	const options = {
		...{ storeFolder: 'store', encoder: ENCODER, hubEndpoint: hub.endpoint },
		...{ imageSize: 32, cropSize: 32, batchSize: 2, iterations: 1 },
		...{ calibrationShare: 0, device: 'cpu', threads: 1 },
	};
	const credentials = apiKey === undefined ? undefined : { huggingFaceApi: { apiKey } };
	const flow = oneNode('trainDinomaly', { dataFolder: 'data', model, options }, { credentials });
	return lab.run(flow, { credentials });
}

/** Neither in the execution's data nor in any file of n8n's folder, the store included. */
function expectNowhere(token: string, run: Run): void {
	expect(JSON.stringify(run.data)).not.toContain(token);
	const files = readdirSync(lab.home, { recursive: true, encoding: 'utf8' })
		.map((name) => path.join(lab.home, name))
		.filter((file) => statSync(file).isFile());
	expect(files.length).toBeGreaterThan(0);
	for (const file of files) expect(readFileSync(file).includes(token)).toBe(false);
}

async function writeWeights(file: string): Promise<void> {
	const { architecture } = findEncoder(ENCODER)!;
	const random = createRandom(5);
	const tensors = [...canonicalShapes(architecture)].map(([name, shape]) => {
		const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
		random.fillNormal(data);
		for (let i = 0; i < data.length; i++) data[i] *= 0.02;
		return { name, dtype: 'F32' as const, shape, data };
	});
	await writeSafetensors(file, tensors);
}
