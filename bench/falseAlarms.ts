/**
 * The false-alarm rate that was asked for against the one obtained: trains one model on the normal images of a dataset for each seed, holds a
 * share of them out for calibration as any training does, and counts how many good test images exceed the threshold for each rate.
 * Usage: node dist/bench/falseAlarms.js --data FOLDER [--category NAME ...] [--seeds N] [--calibration-share X] [--iterations N]
 *   [--batch N] [--encoder NAME] [--threads N] [--part-names PATTERN]
 *   [--mixed]   deal good images of training and test out anew for each seed, so that those held out and those tested are alike
 */
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { ImageEntry } from '../src/dataset/dataset';
import { holdOut } from '../src/dataset/holdOut';
import { readPartNames } from '../src/dataset/partNames';
import { scanDataset } from '../src/dataset/scan';
import { deriveSeed } from '../src/random';
import { chooseThreshold } from '../src/routing/thresholds';
import { scoreImages } from '../src/scoring/score';
import { openModelStore } from '../src/store/openModelStore';
import { trainModel } from '../src/training/train';
import { chanceRange, wilsonRange } from './support/alarmChance';
import { printMachine } from './support/report';

const RATES = [0.01, 0.05, 0.1, 0.2];

const { values } = parseArgs({
	options: {
		data: { type: 'string' },
		category: { type: 'string', multiple: true },
		seeds: { type: 'string', default: '5' },
		'calibration-share': { type: 'string', default: '0.25' },
		iterations: { type: 'string', default: '150' },
		batch: { type: 'string', default: '8' },
		encoder: { type: 'string' },
		threads: { type: 'string', default: '2' },
		'part-names': { type: 'string' },
		mixed: { type: 'boolean', default: false },
	},
});

/** What one seed's model gives for one category. */
interface Run {
	readonly category: string;
	/** Ascending scores of what was held out. */
	readonly held: readonly number[];
	/** The part that each of them is of, when that is known. */
	readonly parts: readonly number[] | undefined;
	/** Scores of good test images. */
	readonly tested: readonly number[];
}

void main();

async function main(): Promise<void> {
	printMachine();
	if (values.data === undefined) throw new Error('Expected --data FOLDER');
	const folder = await mkdtemp(path.join(tmpdir(), 'dinomaly-alarms-'));
	try {
		const runs: Run[] = [];
		for (let seed = 1; seed <= Number(values.seeds); seed++)
			runs.push(...(await runSeed(folder, path.resolve(values.data), seed)));
		report(runs);
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

async function runSeed(folder: string, data: string, seed: number): Promise<Run[]> {
	const signal = new AbortController().signal;
	const { categories } = await scanDataset(data, { categories: values.category, signal });
	const copy = path.join(folder, `data-${seed}`);
	const tests = new Map<string, readonly string[]>();
	for (const { name, train, test } of categories) {
		const good = test.filter(({ anomalous }) => !anomalous);
		const [toTrain, toTest] = values.mixed ? deal(train, good, seed) : [train, good];
		await copyAll(toTrain, path.join(copy, name, 'train', 'good'));
		tests.set(
			name,
			toTest.map(({ path: file }) => file),
		);
	}
	const store = path.join(folder, 'store');
	const model = `seed-${seed}`;
	await trainModel(
		{
			...{
				store,
				data: copy,
				model,
				seed,
				encoder: values.encoder,
				device: 'cpu',
				threads: Number(values.threads),
			},
			overrides: { iterations: Number(values.iterations), batchSize: Number(values.batch) },
			calibrationShare: Number(values['calibration-share']),
			partNames: values['part-names'],
		},
		{ signal, onProgress: () => undefined },
	);
	const { calibration } = await openModelStore(store).open(model);
	const runs: Run[] = [];
	for (const [category, files] of tests) {
		const outcomes = await scoreImages(
			{
				...{ store, model, category, device: 'cpu', threads: Number(values.threads) },
				images: files.map((file) => ({ file })),
			},
			{ signal, onOutcome: () => undefined },
		);
		const tested = outcomes.map((outcome) => {
			if ('error' in outcome) throw new Error(outcome.error.message);
			return outcome.score;
		});
		const held = calibration?.scores[category] ?? [];
		runs.push({ category, held, parts: calibration?.parts?.[category], tested });
		console.log(
			`seed ${seed} ${category}: held out ${quartiles(held)}, good test images ${quartiles([...tested].sort((a, b) => a - b))}`,
		);
	}
	return runs;
}

/** About the same numbers of images, dealt out at random; whole parts where their names are known. */
function deal(
	train: readonly ImageEntry[],
	test: readonly ImageEntry[],
	seed: number,
): [ImageEntry[], ImageEntry[]] {
	const pattern = values['part-names'];
	const partOf = pattern === undefined ? undefined : readPartNames(pattern);
	const share = test.length / (train.length + test.length);
	const dealt = holdOut([...train, ...test], { share, seed: deriveSeed(seed, 'deal'), partOf });
	return [dealt.train, dealt.calibration];
}

async function copyAll(entries: readonly ImageEntry[], folder: string): Promise<void> {
	await mkdir(folder, { recursive: true });
	for (const { path: file, split } of entries)
		await copyFile(file, path.join(folder, `${split}-${path.basename(file)}`));
}

function report(runs: readonly Run[]): void {
	console.log(
		'\ncategory         asked  held out  obtained (95 % interval)        single seeds     chance allows a single seed',
	);
	for (const category of new Set(runs.map((run) => run.category))) {
		const own = runs.filter((run) => run.category === category);
		for (const rate of RATES) console.log(`${category.padEnd(16)} ${describe(own, rate)}`);
	}
}

function describe(runs: readonly Run[], rate: number): string {
	const [{ held, tested }] = runs;
	const thresholds = runs.map((run) =>
		chooseThreshold(
			{ normal: run.held, normalParts: run.parts, anomalous: [] },
			{ kind: 'falseAlarmRate', rate },
		),
	);
	const counts = runs.map((run, i) => run.tested.filter((score) => score > thresholds[i].value).length);
	const isExtrapolated = thresholds.some(({ extrapolated }) => extrapolated);
	const alarms = counts.reduce((sum, count) => sum + count, 0);
	const images = runs.reduce((sum, run) => sum + run.tested.length, 0);
	const share = (value: number): string => `${(100 * value).toFixed(1)} %`;
	const range = ([low, high]: readonly [number, number]): string => `${share(low)} to ${share(high)}`;
	const singles = counts.map((count, i) => count / runs[i].tested.length);
	const single = range([Math.min(...singles), Math.max(...singles)]);
	const chance = isExtrapolated
		? 'extrapolated'
		: runs.some(({ parts }) => parts !== undefined)
			? 'by parts'
			: range(chanceRange({ held: held.length, tested: tested.length, rate }));
	return `${share(rate).padStart(6)} ${String(held.length).padStart(9)}  ${share(alarms / images).padStart(7)} (${range(wilsonRange(alarms, images))}), ${alarms} of ${images}   ${single.padEnd(16)} ${chance}`;
}

function quartiles(sorted: readonly number[]): string {
	const at = (share: number): string => sorted[Math.floor(share * (sorted.length - 1))].toFixed(4);
	return `${at(0.25)} ${at(0.5)} ${at(0.75)} ${at(1)} (n=${sorted.length})`;
}
