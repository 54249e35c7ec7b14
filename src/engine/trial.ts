import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DinomalyError } from '../errors';
import { inTemporaryFolder } from '../files/temporaryFolder';
import { createRandom } from '../random';
import { encodePng } from '../runtime/images';
import type { ScoreOutcome } from '../scoring/request';
import type { JobContext, JobModules } from './jobModules';
import type { DoctorRequest } from './protocol';

export interface Trial {
	readonly device: string;
	readonly seconds: number;
	readonly normalScore: number;
	readonly defectScore: number;
}

const SIDE_PX = 64;
const IMAGES = 8;
const NAME = 'doctor';

/** Trains and scores with a few drawn images in a temporary folder, to see whether everything works together on this machine. */
export async function tryTraining(
	{ device, requireDevice, threads }: DoctorRequest,
	{ signal }: JobContext,
	jobs: JobModules,
): Promise<Trial> {
	const start = performance.now();
	return inTemporaryFolder('doctor', async (folder) => {
		const common = { store: join(folder, 'store'), model: NAME, device, requireDevice, threads };
		const data = join(folder, 'data');
		const images = join(data, 'part', 'train', 'good');
		await mkdir(images, { recursive: true });
		for (let i = 0; i < IMAGES; i++) await writeFile(join(images, `${i}.png`), await drawPart(i, false));
		const overrides = { imageSize: SIDE_PX, cropSize: SIDE_PX, iterations: 3, batchSize: 4 };
		const { models } = await jobs.train(
			{ ...common, data, overrides, calibrationShare: 0, cacheLimitBytes: 0 },
			{ signal, onProgress: () => undefined },
		);
		const outcomes = await jobs.score(
			{
				...common,
				images: [
					{ name: 'good', bytes: await drawPart(IMAGES, false) },
					{ name: 'defect', bytes: await drawPart(IMAGES, true) },
				],
			},
			{ signal, onOutcome: () => undefined },
		);
		const [normalScore, defectScore] = outcomes.map(scoreOf);
		const seconds = (performance.now() - start) / 1000;
		return { device: models[0].device, seconds, normalScore, defectScore };
	});
}

function scoreOf(outcome: ScoreOutcome): number {
	if ('error' in outcome) {
		const { code, message } = outcome.error;
		throw new DinomalyError(
			'IMAGE_UNREADABLE',
			`Expected a score for a drawn image, found ${code}: ${message}`,
		);
	}
	if (Number.isFinite(outcome.score)) return outcome.score;
	throw new DinomalyError('LOSS_NOT_FINITE', `Expected a number as score, found ${outcome.score}`, {
		hint: 'The device computes wrongly: update its driver or set the device to CPU.',
	});
}

/** A grey disc on a noisy ground as PNG; a defect is a dark blot. */
function drawPart(seed: number, hasDefect: boolean): Promise<Uint8Array> {
	const random = createRandom(seed);
	const data = new Uint8Array(SIDE_PX * SIDE_PX * 3);
	const middle = SIDE_PX / 2;
	for (let y = 0; y < SIDE_PX; y++) {
		for (let x = 0; x < SIDE_PX; x++) {
			const inDisc = Math.hypot(x - middle, y - middle) < SIDE_PX * 0.4;
			const inBlot = hasDefect && Math.hypot(x - middle * 1.2, y - middle * 0.8) < SIDE_PX * 0.12;
			const level = (inBlot ? 20 : inDisc ? 180 : 70) + 20 * random.next();
			data.fill(level, (y * SIDE_PX + x) * 3, (y * SIDE_PX + x) * 3 + 3);
		}
	}
	return encodePng({ data, width: SIDE_PX, height: SIDE_PX, channels: 3 });
}
