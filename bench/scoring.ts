/**
 * Scoring one image (encoder, decoder, map, score) in float32 and in int8, in turns, against the machine's own matrix rate; pixels given.
 * Usage: node dist/bench/scoring.js [layout] [crop] [runs]
 */
import { THREADS } from './support/cases';
import { openBenchEncoder } from './support/layouts';
import { MatrixProduct } from './support/matrixProduct';
import { Report, spreadOf } from './support/report';
import { openScoring } from './support/scoringCase';
import { millisecondsOf, timeBesideProduct } from './support/timing';

void main(process.argv[2] ?? 'ViT-S reg4', Number(process.argv[3] ?? 392), Number(process.argv[4] ?? 25));

async function main(layout: string, cropSize: number, runs: number): Promise<void> {
	const report = new Report('scoring');
	const file = await openBenchEncoder(layout);
	const full = await openScoring(file, cropSize, { device: 'cpu', threads: THREADS });
	const product = await MatrixProduct.create(THREADS);
	const what = `score, ${layout}, ${cropSize} px, batch 1`;
	const timed = await timeBesideProduct(product, full.score, { runs, flops: full.flops ?? 0 });
	const { time, share, productRate } = timed;
	report.figure({ what, unit: 'ms', value: time, ...(full.flops !== null && { share, productRate }) });

	const int8 = await openScoring(file, cropSize, { device: 'cpu', threads: THREADS, precision: 'int8' });
	await int8.score();
	const [inFull, inInt8, gains]: [number[], number[], number[]] = [[], [], []];
	for (let run = 0; run < runs; run++) {
		inFull.push(await millisecondsOf(full.score));
		inInt8.push(await millisecondsOf(int8.score));
		gains.push(inFull[run] / inInt8[run]);
	}
	report.figure({ what: `${what}, int8`, unit: 'ms', value: spreadOf(inInt8) });
	report.figure({ what: `${what}, float32 in turns with it`, unit: 'ms', value: spreadOf(inFull) });
	report.figure({ what: `${what}, int8 against float32`, unit: 'times', value: spreadOf(gains) });
	await full.release();
	await int8.release();
	report.end();
}
