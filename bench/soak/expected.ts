import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Engine } from '../../src/engine/host';
import type { EvaluateRequest, EvaluateResult } from '../../src/evaluation/request';
import type { ScoreRequest } from '../../src/scoring/request';
import { FolderStore } from '../../src/store/folderStore';
import type { TrainRequest } from '../../src/training/request';
import { THREADS } from '../support/cases';
import { sourceOf, type SoakData } from './data';
import { fingerprint, type AskedOutputs } from './fingerprint';

export const MODEL = 'panel';
export const ITERATIONS = 80;
export const CHECKPOINT_EVERY = 8;
const SIDE = 112;

export const OUTPUTS: readonly AskedOutputs[] = [
	{ heatmap: false, rawMap: false },
	{ heatmap: true, rawMap: false },
	{ heatmap: false, rawMap: true },
];

/** What undisturbed engines answer. */
export interface Expected {
	/** Fingerprint by the image's key and the number of its outputs. */
	readonly scores: ReadonlyMap<string, string>;
	readonly evaluation: string;
	/** Hashes of the trained model's files. */
	readonly weights: string;
}

export function scoreKey(key: string, outputs: AskedOutputs): string {
	return `${key} ${String(OUTPUTS.indexOf(outputs))}`;
}

export function trainRequest({ store, data }: SoakData, model: string): TrainRequest {
	const overrides = { imageSize: SIDE, cropSize: SIDE, batchSize: 4, iterations: ITERATIONS };
	return {
		...{ store, data, model, encoder: 'embedded', overrides, resume: 'auto', calibrationShare: 0.5 },
		...{ checkpointEvery: CHECKPOINT_EVERY, device: 'cpu', threads: THREADS },
	};
}

export function scoreSettings({ store }: SoakData): Omit<ScoreRequest, 'images'> {
	return { store, model: `${MODEL}@1`, device: 'cpu', threads: THREADS };
}

export function evaluateRequest({ store, data }: SoakData): EvaluateRequest {
	return { store, data, model: `${MODEL}@1`, examples: 1, device: 'cpu', threads: THREADS };
}

/** Trains the model of the load and notes what it answers; each answer is asked of two engine processes, which must agree. */
export async function learnExpected(engine: Engine, data: SoakData): Promise<Expected> {
	await engine.train(trainRequest(data, MODEL));
	const first = await ask(engine, data);
	await engine.close();
	const second = await ask(engine, data);
	if (
		JSON.stringify([...first.scores, first.evaluation]) !==
		JSON.stringify([...second.scores, second.evaluation])
	)
		throw new Error('Expected two undisturbed engines to answer the same, found a difference');
	return second;
}

async function ask(engine: Engine, data: SoakData): Promise<Expected> {
	const scores = new Map<string, string>();
	const images = [...data.images, ...data.badImages];
	for (const outputs of OUTPUTS) {
		const sources = images.map((image) => sourceOf(image, 'first'));
		const outcomes = await engine.score({ ...scoreSettings(data), outputs, images: sources });
		for (const [i, { key }] of images.entries()) {
			if ('error' in outcomes[i] !== data.badImages.includes(images[i]))
				throw new Error(`Expected scores of good images alone, found another outcome of ${key}`);
			scores.set(scoreKey(key, outputs), fingerprint(outcomes[i], outputs));
		}
	}
	return {
		scores,
		evaluation: metricsOf(await engine.evaluate(evaluateRequest(data))),
		weights: await weightsOf(data, MODEL),
	};
}

/** All of an evaluation but how long it took; of pictures their hash, whatever class their bytes come in. */
export function metricsOf(result: EvaluateResult): string {
	function replace(this: Readonly<Record<string, unknown>>, key: string, value: unknown): unknown {
		const own = this[key]; // a Buffer has been made plain by now
		return own instanceof Uint8Array ? createHash('sha256').update(own).digest('hex') : value;
	}
	return JSON.stringify({ ...result, seconds: undefined }, replace);
}

/** Everything that was learned: hashes of decoder and known images, and the calibration; names and times are left out. */
export async function weightsOf({ store }: SoakData, model: string): Promise<string> {
	const { path: folder } = await new FolderStore(store).resolve(model);
	const calibration = JSON.parse(await readFile(path.join(folder, 'calibration.json'), 'utf8')) as object;
	return JSON.stringify({
		decoder: await hashOfTensors(path.join(folder, 'decoder.safetensors')),
		distribution: await hashOfTensors(path.join(folder, 'distribution.safetensors')),
		calibration: { ...calibration, created: undefined },
	});
}

/** The header of the file names the model; the numbers come after it. */
async function hashOfTensors(file: string): Promise<string> {
	const bytes = await readFile(file);
	const header = Number(bytes.readBigUInt64LE(0));
	return createHash('sha256')
		.update(bytes.subarray(8 + header))
		.digest('hex');
}
