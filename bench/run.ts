/**
 * Runs the benchmarks one after the other, each in a process of its own, and keeps their figures as JSON.
 *
 * Usage: npm run bench -- [--quick] [--only NAME ...] [--device NAME] [--out DIR] [--list]
 * With a device, such as webgpu or cuda, those run that measure one, beside the processor's numbers; they fail where it is not there.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { parseChoice, type Choice } from './support/choice';
import { JSON_VARIABLE } from './support/report';

interface Bench {
	readonly name: string;
	/** What it tells, for --list. */
	readonly about: string;
	readonly program: string;
	/** Arguments of each run. */
	readonly full: readonly (readonly string[])[];
	/** Shorter runs; none: not part of a quick round. */
	readonly quick: readonly (readonly string[])[];
}

const SIDES = ['224', '280', '392'];
const ROOT = path.join(__dirname, '..', '..');

const BENCHES: readonly Bench[] = [
	{
		name: 'scoring',
		about: 'latency of a score in float32 and int8, batch 1',
		program: 'scoring.js',
		full: [
			...['ViT-S reg4', 'ViT-B reg4'].flatMap((layout) => SIDES.map((side) => [layout, side])),
			...['descriptors', 'embedded'].map((encoder) => [encoder, '224']),
		],
		quick: [
			['ViT-S reg4', '224', '9'],
			['descriptors', '224', '9'],
		],
	},
	{
		name: 'training',
		about: 'a training step against the rate of one large matrix product',
		program: 'training.js',
		full: [...SIDES.map((side) => ['ViT-S reg4', side]), ['ViT-B reg4', '224'], ['descriptors', '224']],
		quick: [['ViT-S reg4', '224', '4', '3']],
	},
	{
		name: 'preparing',
		about: 'what decoding and resizing take of a score, by the size of the photograph',
		program: 'preparing.js',
		full: [
			['descriptors', '224', '24'],
			['embedded', '224', '24'],
		],
		quick: [],
	},
	{
		name: 'wholeTraining',
		about: 'trainings of photographs on disk, first time and from the cache',
		program: 'wholeTraining.js',
		full: [
			['descriptors', '224', '256', '20'],
			['embedded', '224', '256', '20'],
		],
		quick: [['embedded', '112', '16', '5']],
	},
	{
		name: 'callers',
		about: 'scores for 1 to 64 callers at once, and a new process to its first score',
		program: 'callers.js',
		full: [['descriptors', '224', '64']],
		quick: [['embedded', '112', '16']],
	},
	{
		name: 'stopping',
		about: 'how soon a job ends that is stopped',
		program: 'stopping.js',
		full: [['descriptors', '224', '9']],
		quick: [['embedded', '112', '5']],
	},
	{
		name: 'soak',
		about: 'an hour of mixed load while engines are killed: nothing lost, memory flat, nothing left behind',
		program: 'soak.js',
		full: [['60']],
		quick: [['2']],
	},
	{
		name: 'metrics',
		about: 'pixel metrics against what one writes first',
		program: 'metrics.js',
		full: [[]],
		quick: [['20', '5']],
	},
	{
		name: 'metricsMemory',
		about: 'memory of pixel metrics over many maps',
		program: 'metricsMemory.js',
		full: [[]],
		quick: [],
	},
	{
		name: 'growth',
		about: 'cost with image side, batch, models in memory, number of images',
		program: 'growth.js',
		full: [['ViT-S reg4', '1000']],
		quick: [['embedded', '100']],
	},
	{
		name: 'rivals',
		about: 'the training step in TensorFlow.js beside ours',
		program: 'rivals.js',
		full: [['112', '2', '3']],
		quick: [['64', '1', '1']],
	},
	{
		name: 'peers',
		about: "training step and score beside anomalib's, where Python has it (DINOMALY_BENCH_PYTHON)",
		program: 'peers.js',
		full: [
			['ViT-S reg4', '224', '16', '7'],
			['ViT-S reg4', '392', '16', '3'],
		],
		quick: [['ViT-S reg4', '224', '4', '2']],
	},
	{
		name: 'tiling',
		about: 'large images whole and in tiles',
		program: 'tiling.js',
		full: [[]],
		quick: [],
	},
	{
		name: 'n8nOverhead',
		about: 'what n8n and the node add to a score; installs n8n once',
		program: path.join('..', '..', 'bench', 'n8nOverhead.mjs'),
		full: [[]],
		quick: [],
	},
];

/** Where an argument is the name of the device. */
const DEVICE = '{device}';

const DEVICE_BENCHES: readonly Bench[] = [
	{
		name: 'deviceScoring',
		about: "scores by images per run, and how far they lie from the processor's",
		program: 'deviceScoring.js',
		full: [
			['--layout', 'ViT-S reg4', '--crop', '224'],
			['--layout', 'ViT-S reg4', '--crop', '392'],
			['--layout', 'ViT-S reg4', '--crop', '392', '--precision', 'float16'],
			['--layout', 'ViT-S reg4', '--crop', '392', '--attention', 'fused'],
			['--layout', 'ViT-B reg4', '--crop', '392'],
		].map((args) => ['--device', DEVICE, ...args]),
		quick: [
			[
				'--device',
				DEVICE,
				'--layout',
				'embedded',
				'--crop',
				'112',
				'--batches',
				'1,4',
				'--seconds',
				'0.5',
			],
		],
	},
	{
		name: 'deviceTraining',
		about: "training steps, and how far losses and weights lie from the processor's",
		program: 'deviceTraining.js',
		full: ['224', '392'].map((crop) => ['--device', DEVICE, '--layout', 'ViT-S reg4', '--crop', crop]),
		quick: [
			[
				...['--device', DEVICE, '--layout', 'embedded', '--crop', '112', '--batch', '2'],
				...['--steps', '2', '--beside', '2'],
			],
		],
	},
	{
		name: 'callers',
		about: 'scores for 1 to 64 callers at once, in batches',
		program: 'callers.js',
		full: [
			['descriptors', '224', '256', DEVICE],
			['embedded', '224', '256', DEVICE],
		],
		quick: [['descriptors', '112', '16', DEVICE]],
	},
];

process.exitCode = main();

function main(): number {
	let choice: Choice;
	try {
		choice = parseChoice(process.argv.slice(2), {
			processor: BENCHES.map(({ name }) => name),
			device: DEVICE_BENCHES.map(({ name }) => name),
		});
	} catch (error) {
		console.error(error instanceof Error ? error.message : error);
		return 2;
	}
	const { device } = choice;
	const benches = device === undefined ? BENCHES : DEVICE_BENCHES;
	if (choice.list) {
		for (const { name, about } of benches) console.log(`${name.padEnd(14)} ${about}`);
		return 0;
	}
	const out = path.resolve(choice.out ?? path.join('bench', 'results'));
	mkdirSync(out, { recursive: true });
	const chosen = benches.filter(({ name }) => choice.only?.includes(name) ?? true);
	const failed = chosen.flatMap((bench) =>
		bench[choice.quick ? 'quick' : 'full']
			.map((args) => args.map((arg) => (arg === DEVICE && device !== undefined ? device : arg)))
			.filter((args) => !runOne(bench, args, out))
			.map((args) => [bench.name, ...args].join(' ')),
	);
	console.log(`\nFigures are in ${out}`);
	if (failed.length > 0) console.error(`Failed: ${failed.join(', ')}`);
	return failed.length === 0 ? 0 : 1;
}

/** Whether it went well. */
function runOne({ name, program }: Bench, args: readonly string[], out: string): boolean {
	const title = [name, ...args].join(' ');
	console.log(`\n== ${title}`);
	const file = path.join(out, `${title.replace(/[^\w.-]+/g, '_')}.json`);
	const { status } = spawnSync(process.execPath, [path.join(__dirname, program), ...args], {
		cwd: ROOT,
		stdio: 'inherit',
		env: { ...process.env, [JSON_VARIABLE]: file },
	});
	return status === 0;
}
