/**
 * What decoding and resizing take of a score, by the size of the photograph: each step alone, and images in a row as the engine takes them, where
 * the next ones are prepared while one is computed.
 *
 * Usage: node dist/bench/preparing.js [encoder] [crop] [images in a row]
 */
import path from 'node:path';
import { writeFile } from 'node:fs/promises';
import { openEngine, type Engine } from '../src/engine/host';
import { preprocess } from '../src/imaging/preprocess';
import { decodeImage } from '../src/runtime/images';
import { encodeJpeg } from '../src/runtime/jpeg';
import { trainBriefly } from './support/briefModel';
import { THREADS } from './support/cases';
import { withDrawnData, type DrawnData } from './support/drawnData';
import { Report, spreadOf, type Spread } from './support/report';
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
	const engine = openEngine();
	try {
		await trainBriefly(engine, drawn, { model: MODEL, encoder, side });
		for (const [width, height] of SIZES) {
			const bytes = await encodeJpeg(
				photograph(drawSurface('panel', { width, height }, 1), 1),
				QUALITY,
			);
			const file = path.join(drawn.folder, `${String(width)}.jpg`);
			await writeFile(file, bytes);
			const what = `${encoder}, ${crop} px, JPEG of ${String(width)} x ${String(height)}`;
			const image = await decodeImage(bytes);
			const figure = (part: string, unit: string, value: Spread): void => {
				report.figure({ what: `${what}: ${part}`, unit, value });
			};
			figure('decoding', 'ms', await repeated(() => decodeImage(bytes)));
			figure(
				'resizing and normalising',
				'ms',
				await repeated(() => preprocess(image, { imageSize: side, cropSize: side })),
			);
			const score = (count: number): Promise<number> => scoreRow(engine, drawn, { file, count });
			figure('one score', 'ms', await repeated(() => score(1)));
			const rate = (Number(row) * 1000) / (await score(Number(row)));
			figure(`${row} in a row`, 'images/s', spreadOf([rate]));
		}
	} finally {
		await engine.close();
	}
	report.end();
});

/** Milliseconds of work that was done once before. */
async function repeated(work: () => unknown): Promise<Spread> {
	const times: number[] = [];
	for (let run = 0; run <= RUNS; run++) times.push(await millisecondsOf(() => Promise.resolve(work())));
	return spreadOf(times.slice(1));
}

/** Milliseconds for scores of so many images in one call. */
async function scoreRow(
	engine: Engine,
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
