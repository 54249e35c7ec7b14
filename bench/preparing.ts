/**
 * What decoding and resizing take of a score, by the size of the photograph: each step alone, and images in a row as the engine takes them, where
 * the next ones are prepared while one is computed.
 *
 * Usage: node dist/bench/preparing.js [encoder] [crop] [images in a row]
 */
import { tmpdir } from 'node:os';
import path from 'node:path';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { openEngine } from '../src/engine/host';
import { preprocess } from '../src/imaging/preprocess';
import { decodeImage } from '../src/runtime/images';
import { encodeJpeg } from '../src/runtime/jpeg';
import { THREADS } from './support/cases';
import { withDrawnData, type DrawnData } from './support/drawnData';
import { Report, spreadOf } from './support/report';
import { drawSurface, photograph } from './support/surfaces';
import { millisecondsOf } from './support/timing';

/** Width and height in pixels: small, 3, 12 and 24 megapixels. */
const SIZES = [
	[640, 640],
	[2048, 1536],
	[4000, 3000],
	[6000, 4000],
] as const;
const RUNS = 7;
const QUALITY = 92;
const MODEL = 'panel';

const [encoder = 'descriptors', crop = '224', row = '24'] = process.argv.slice(2);
const side = Number(crop);
const compute = { device: 'cpu', threads: THREADS } as const;

void withDrawnData(16, async (drawn) => {
	const report = new Report('preparing');
	const folder = await mkdtemp(path.join(tmpdir(), 'dinomaly-preparing-'));
	const engine = openEngine();
	try {
		await engine.train({
			...{ store: drawn.store, data: drawn.data, model: MODEL, encoder, ...compute },
			overrides: { imageSize: side, cropSize: side, batchSize: 4, iterations: 2 },
			calibrationShare: 0.5,
		});
		for (const [width, height] of SIZES) {
			const bytes = await encodeJpeg(
				photograph(drawSurface('panel', { width, height }, 1), 1),
				QUALITY,
			);
			const file = path.join(folder, `${String(width)}.jpg`);
			await writeFile(file, bytes);
			const what = `${encoder}, ${crop} px, JPEG of ${String(width)} x ${String(height)}`;
			const image = await decodeImage(bytes);
			const repeated = async (work: () => unknown): Promise<ReturnType<typeof spreadOf>> => {
				const times: number[] = [];
				for (let run = 0; run <= RUNS; run++)
					times.push(await millisecondsOf(() => Promise.resolve(work())));
				return spreadOf(times.slice(1));
			};
			const figure = (part: string, unit: string, value: ReturnType<typeof spreadOf>): void => {
				report.figure({ what: `${what}: ${part}`, unit, value });
			};
			figure('decoding', 'ms', await repeated(() => decodeImage(bytes)));
			figure(
				'resizing and normalising',
				'ms',
				await repeated(() => preprocess(image, { imageSize: side, cropSize: side })),
			);
			const score = (count: number): Promise<number> => scoreRow(engine, drawn, { file, count });
			await score(1);
			const alone: number[] = [];
			for (let run = 0; run < RUNS; run++) alone.push(await score(1));
			figure('one score', 'ms', spreadOf(alone));
			const rate = (Number(row) * 1000) / (await score(Number(row)));
			figure(`${row} in a row`, 'images/s', spreadOf([rate]));
		}
	} finally {
		await engine.close();
		await rm(folder, { recursive: true, force: true });
	}
	report.end();
});

/** Milliseconds for scores of so many images in one call. */
async function scoreRow(
	engine: ReturnType<typeof openEngine>,
	{ store }: DrawnData,
	{ file, count }: { readonly file: string; readonly count: number },
): Promise<number> {
	return millisecondsOf(async () => {
		const outcomes = await engine.score({
			...{ store, model: MODEL, ...compute },
			images: Array.from({ length: count }, () => ({ file })),
		});
		const failed = outcomes.find((outcome) => 'error' in outcome);
		if (failed && 'error' in failed) throw new Error(failed.error.message);
	});
}
