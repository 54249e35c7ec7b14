/**
 * Scoring on a device, by images per run: images in memory to maps and scores in memory, and how far they lie from the CPU's.
 *
 * Usage: node dist/bench/deviceScoring.js [--device webgpu] [--layout "ViT-S reg4"] [--crop 392] [--batches 1,4,16,64] [--seconds 2]
 *        [--precision float32|float16] [--attention plain|fused]
 * Fails where the device is not there.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { DeviceName } from '../src/runtime/device';
import { openBatchScoring, type BatchScores, type BatchScoringOptions } from './support/batchScoring';
import { openBenchEncoder } from './support/layouts';
import { Report, spreadOf } from './support/report';
import { relativeError } from './support/relativeError';
import { millisecondsOf } from './support/timing';

const LEAST_RUNS = 5;
const MAP_SIZE = 256 * 256;

const { values } = parseArgs({
	options: {
		device: { type: 'string', default: 'webgpu' },
		layout: { type: 'string', default: 'ViT-S reg4' },
		crop: { type: 'string', default: '392' },
		batches: { type: 'string', default: '1,4,16,64' },
		seconds: { type: 'string', default: '2' },
		precision: { type: 'string', default: 'float32' },
		attention: { type: 'string', default: 'plain' },
	},
});

void main();

async function main(): Promise<void> {
	const { device, layout, crop, precision, attention } = values;
	const report = new Report('device scoring');
	const file = await openBenchEncoder(layout);
	const open = (images: number, options: Partial<BatchScoringOptions> = {}) =>
		openBatchScoring(file, {
			cropSize: Number(crop),
			images,
			precision: precision === 'float16' ? 'float16' : 'float32',
			fusedAttention: attention === 'fused',
			session: { device: device as DeviceName, requireDevice: true },
			...options,
		});
	const cpu = await open(1, {
		precision: 'float32',
		fusedAttention: true,
		session: { device: 'cpu', threads: availableParallelism() },
	});
	const expected = await cpu.run();
	await cpu.release();
	for (const batch of values.batches.split(',')) {
		const images = Number(batch);
		const what = `score, ${layout}, ${crop} px, batch ${batch}, ${device}, ${precision}, ${attention} attention`;
		try {
			const scoring = await open(images);
			let found: BatchScores = { scores: new Float32Array(), maps: new Float32Array() };
			const first = await millisecondsOf(async () => (found = await scoring.run()));
			const ms = await timesOf(scoring.run, 1000 * Number(values.seconds));
			const rate = (each: number): number => (1000 * images) / each;
			report.figure({ what, unit: 'images/s', value: spreadOf(ms.map(rate)) });
			report.figure({ what: `${what}: a run`, unit: 'ms', value: spreadOf(ms) });
			report.figure({ what: `${what}: the first run`, unit: 'ms', value: spreadOf([first]) });
			report.figure({
				what: `${what}: matrix work`,
				unit: 'TFLOP/s',
				value: spreadOf(ms.map((each) => scoring.flops / each / 1e9)),
			});
			for (const [kind, error] of Object.entries(distances(found, expected)))
				report.figure({ what: `${what}: ${kind}`, unit: '', value: spreadOf([error]) });
			await scoring.release();
		} catch (error) {
			console.log(`not measured: ${what}: ${(error as Error).message.split('\n')[0]}`);
			process.exitCode = 1;
		}
	}
	report.end();
}

/** Milliseconds of runs one after the other, after one to warm up. */
async function timesOf(run: () => Promise<unknown>, atLeastMs: number): Promise<number[]> {
	await run();
	const times: number[] = [];
	for (let total = 0; total < atLeastMs || times.length < LEAST_RUNS;) {
		const ms = await millisecondsOf(run);
		times.push(ms);
		total += ms;
	}
	return times;
}

/** The first image's score and map against the CPU's. Maps vary little about their mean, so that is also taken off first. */
function distances(found: BatchScores, expected: BatchScores): Record<string, number> {
	const map = found.maps.subarray(0, MAP_SIZE);
	const cpuMap = expected.maps.subarray(0, MAP_SIZE);
	const mean = cpuMap.reduce((sum, value) => sum + value, 0) / MAP_SIZE;
	const varying = (values: Float32Array): Float32Array => values.map((value) => value - mean);
	return {
		'score against the CPU, relative': relativeError(
			found.scores.subarray(0, 1),
			expected.scores.subarray(0, 1),
		),
		'map against the CPU, relative': relativeError(map, cpuMap),
		'what varies in the map against the CPU, relative': relativeError(varying(map), varying(cpuMap)),
	};
}
