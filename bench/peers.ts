/**
 * Our training step and score beside anomalib's, in turns on one machine: PyTorch in a process of its own, asked for one step at a time.
 *
 * Usage: node dist/bench/peers.js [layout] [crop] [batch] [steps]
 * Needs a Python that has anomalib and PyTorch, named by DINOMALY_BENCH_PYTHON (otherwise `python3`); says so and ends where there is none.
 */
import { Encoder } from '../src/encoding/encoder';
import type { TrainingConfig } from '../src/training/config';
import { THREADS } from './support/cases';
import { openBenchEncoder } from './support/layouts';
import { startPeer } from './support/peer';
import { Report, spreadOf } from './support/report';
import { drawnImage, openScoring } from './support/scoringCase';
import { millisecondsOf } from './support/timing';
import { openStep } from './support/trainingCase';

/** Names of our layouts in timm, which anomalib builds its encoders with. */
const IN_TIMM: Readonly<Record<string, string>> = {
	'ViT-S reg4': 'vit_small_patch14_reg4_dinov2',
	'ViT-B reg4': 'vit_base_patch14_reg4_dinov2',
};

const [layout = 'ViT-S reg4', crop = '224', batch = '16', steps = '5'] = process.argv.slice(2);

void main();

async function main(): Promise<void> {
	const peer = await startPeer('anomalib_dinomaly.py', [IN_TIMM[layout] ?? layout, crop, batch]);
	if (typeof peer === 'string') {
		console.log(`not measured: ${peer}`);
		return;
	}
	const report = new Report('peers');
	console.log(`beside   ${peer.versions}, ${String(peer.threads)} threads`);
	const file = await openBenchEncoder(layout);
	const cropSize = Number(crop);
	const { trainer, config } = await openStep(file.dims, { cropSize, batchSize: Number(batch) });
	const encode = await openEncoding(file, config, Number(batch));
	const scoring = await openScoring(file, cropSize, { device: 'cpu', threads: THREADS });

	const training = await inTurns(Number(steps), {
		cached: () => millisecondsOf(() => trainer.advance()),
		encoding: () => millisecondsOf(encode.run),
		theirs: () => peer.ask('train'),
	});
	const what = `training step, ${layout}, ${crop} px, batch ${batch}`;
	const first = training.cached.map((ms, i) => ms + training.encoding[i]);
	report.figure({ what: `${what}, ours from the cache`, unit: 'ms', value: spreadOf(training.cached) });
	report.figure({ what: `${what}, ours with the encoder`, unit: 'ms', value: spreadOf(first) });
	report.figure({ what: `${what}, anomalib`, unit: 'ms', value: spreadOf(training.theirs) });
	const times = (ours: readonly number[]) => spreadOf(training.theirs.map((ms, i) => ms / ours[i]));
	report.figure({
		what: `${what}: theirs against ours with the encoder`,
		unit: 'times',
		value: times(first),
	});
	report.figure({
		what: `${what}: theirs against ours from the cache`,
		unit: 'times',
		value: times(training.cached),
	});
	await trainer.release();
	await encode.release();

	const scores = await inTurns(4 * Number(steps), {
		ours: () => millisecondsOf(scoring.score),
		theirs: () => peer.ask('score'),
	});
	report.figure({ what: `score, ${layout}, ${crop} px, ours`, unit: 'ms', value: spreadOf(scores.ours) });
	report.figure({
		what: `score, ${layout}, ${crop} px, anomalib`,
		unit: 'ms',
		value: spreadOf(scores.theirs),
	});
	report.figure({
		what: `score, ${layout}, ${crop} px: theirs against ours`,
		unit: 'times',
		value: spreadOf(scores.theirs.map((ms, i) => ms / scores.ours[i])),
	});
	report.figure({ what: 'memory of theirs at most', unit: 'GB', value: spreadOf([await peer.memoryGb()]) });
	await scoring.release();
	await peer.end();
	report.end();
}

/** Runs each work once to warm up, then all of them in turns; milliseconds of each turn. */
async function inTurns<K extends string>(
	runs: number,
	works: Readonly<Record<K, () => Promise<number>>>,
): Promise<Record<K, number[]>> {
	const names = Object.keys(works) as K[];
	const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<K, number[]>;
	for (let run = 0; run <= runs; run++) {
		for (const name of names) {
			const ms = await works[name]();
			if (run > 0) times[name].push(ms);
		}
	}
	return times;
}

/** The encoder's part of a step whose features are in no cache yet. */
async function openEncoding(
	file: Awaited<ReturnType<typeof openBenchEncoder>>,
	config: TrainingConfig,
	batchSize: number,
): Promise<{ readonly run: () => Promise<void>; readonly release: () => Promise<void> }> {
	const encoder = await Encoder.load(file, config, { device: 'cpu', threads: THREADS });
	const image = drawnImage(config.cropSize);
	return {
		run: async () => {
			for (let i = 0; i < batchSize; i++) await encoder.features(image);
		},
		release: () => encoder.release(),
	};
}
