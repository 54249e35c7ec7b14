import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DinomalyModel } from '../../nodes/DinomalyModel/DinomalyModel.node';
import { EvaluateMetrics } from '../../nodes/EvaluateMetrics/EvaluateMetrics.node';
import { ScoreImage } from '../../nodes/ScoreImage/ScoreImage.node';
import { TrainDinomaly } from '../../nodes/TrainDinomaly/TrainDinomaly.node';
import type { Engine } from '../../src/engine/host';
import { fileItem, oneNode } from './support/flow';
import { N8nLab } from './support/n8nLab';
import { engineFromSources } from './support/sharedEngine';

/** A second of the engine's own time: each of its turns takes 20 ms or more (test/support/fakeEngine.cjs). */
const TURNS_OF_A_SECOND = 50;

let lab: N8nLab;
let engine: Engine;
beforeAll(async () => {
	lab = await N8nLab.open({
		dinomalyModel: DinomalyModel,
		evaluateMetrics: EvaluateMetrics,
		scoreImage: ScoreImage,
		trainDinomaly: TrainDinomaly,
	});
	engine = engineFromSources('fakeEngine.cjs');
	mkdirSync(path.join(lab.files, 'data'));
});
afterAll(async () => {
	await engine.close();
	lab.close();
});

const model = { __rl: true, mode: 'name', value: 'watchful' } as const;

test.each([
	['trainDinomaly', { dataFolder: 'data', model: 'watchful' }],
	['scoreImage', { model }],
	['evaluateMetrics', { model, dataFolder: 'data' }],
	['dinomalyModel', { operation: 'selfCheck' }],
])('%s: an execution that is stopped reaches the engine within a second', async (type, parameters) => {
	const storeFolder = `watchful-${type}`;
	const file = (name: string): string => path.join(lab.files, storeFolder, name);
	mkdirSync(file(''));
	const running = lab.start(oneNode(type, { ...parameters, options: { storeFolder } }), {
		items: [fileItem(Buffer.from('an image'))],
	});
	await untilThere(file('begun'));
	// Both in one turn of this process: what the engine counts from the one is its wait for the other.
	writeFileSync(file('stopped'), '');
	running.cancel();
	await running.done;
	await untilThere(file('heard'));
	expect(Number(readFileSync(file('heard'), 'utf8'))).toBeLessThan(TURNS_OF_A_SECOND);
});

async function untilThere(file: string): Promise<void> {
	while (!existsSync(file) || (file.endsWith('heard') && readFileSync(file, 'utf8') === ''))
		await new Promise((resolve) => setTimeout(resolve, 10));
}
