/**
 * A short scratch in large images, looked for by a model that cuts them into tiles (and, with --whole, by one that sees them whole), trained
 * on the same drawn sheets. Says what each finds, how long an image takes and how much memory it takes.
 * Usage: node dist/bench/tiling.js [--surface panel|fabric|cast] [--width PX] [--height PX] [--scratch PX] [--train N] [--test N]
 *   [--iterations N] [--encoder NAME] [--threads N] [--calibration-share X] [--tile-size PX] [--seed N] [--whole]
 *   [--draw FOLDER]   only draw the sheets there, for the command line
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { scoreImages } from '../src/scoring/score';
import type { ImageScore, ScoreOutcome } from '../src/scoring/request';
import { trainModel } from '../src/training/train';
import type { TileRequest } from '../src/training/tiles';
import { peakMemoryGb, printMachine } from './support/report';
import { drawSheets, type Scratch, type SheetSet } from './support/sheets';
import { SURFACES } from './support/surfaces';

const { values } = parseArgs({
	options: {
		surface: { type: 'string', default: 'panel' },
		width: { type: 'string', default: '6000' },
		height: { type: 'string', default: '4000' },
		scratch: { type: 'string', default: '20' },
		train: { type: 'string', default: '8' },
		test: { type: 'string', default: '4' },
		iterations: { type: 'string' },
		encoder: { type: 'string' },
		'calibration-share': { type: 'string' },
		'tile-size': { type: 'string' },
		seed: { type: 'string', default: '7' },
		threads: { type: 'string', default: '2' },
		whole: { type: 'boolean', default: false },
		draw: { type: 'string' },
	},
});

void main();

async function main(): Promise<void> {
	const set = readSet();
	if (values.draw !== undefined) {
		printScratches(set, await drawSheets(values.draw, set));
		return;
	}
	printMachine();
	const folder = await mkdtemp(path.join(tmpdir(), 'dinomaly-tiling-'));
	try {
		const data = path.join(folder, 'data');
		const scratches = await drawSheets(data, set);
		printScratches(set, scratches);
		const tiles =
			values['tile-size'] === undefined
				? { smallestDefectPx: set.scratchPx }
				: { sidePx: Number(values['tile-size']) };
		if (values.whole) await tryModel('whole', undefined, { folder, data, scratches, set });
		await tryModel('tiles', tiles, { folder, data, scratches, set });
		console.log(`memory   ${peakMemoryGb()?.toFixed(2) ?? '?'} GB at most`);
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

function readSet(): SheetSet {
	const surface = SURFACES.find((one) => one === values.surface);
	if (surface === undefined) throw new Error(`Expected a surface of ${SURFACES.join(', ')}`);
	return {
		surface,
		size: { width: Number(values.width), height: Number(values.height) },
		scratchPx: Number(values.scratch),
		train: Number(values.train),
		test: Number(values.test),
		seed: Number(values.seed),
	};
}

function printScratches(
	{ surface, size, scratchPx, train, test }: SheetSet,
	scratches: ReadonlyMap<string, Scratch>,
): void {
	console.log(
		`images   ${surface}, ${size.width} x ${size.height} px, ${train} to train and calibrate, ${test} good and ${test} with a scratch of ${scratchPx} px`,
	);
	for (const [file, { x, y }] of scratches) console.log(`scratch  ${file} at ${x}, ${y}`);
}

interface Common {
	readonly folder: string;
	readonly data: string;
	readonly scratches: ReadonlyMap<string, Scratch>;
	readonly set: SheetSet;
}

async function tryModel(
	model: string,
	tiles: TileRequest | undefined,
	{ folder, data, scratches, set: { surface, seed } }: Common,
): Promise<void> {
	const store = path.join(folder, 'store');
	const signal = new AbortController().signal;
	const { iterations, encoder, 'calibration-share': share } = values;
	const started = performance.now();
	await trainModel(
		{
			...{ store, data, model, tiles, encoder, device: 'cpu', threads: Number(values.threads), seed },
			overrides: { iterations: iterations === undefined ? undefined : Number(iterations) },
			calibrationShare: share === undefined ? undefined : Number(share),
		},
		{
			signal,
			onProgress: ({ notice }) => {
				if (notice !== undefined) console.log(`         ${notice}`);
			},
		},
	);
	console.log(`${model}    trained in ${((performance.now() - started) / 1000).toFixed(0)} s`);
	const file = (kind: string, name: string): string => path.join(data, surface, 'test', kind, name);
	const names = [...scratches.keys()];
	const images = ['good', 'scratch'].flatMap((kind) => names.map((name) => ({ file: file(kind, name) })));
	const outcomes = await scoreImages(
		{ store, model, images, device: 'cpu', threads: Number(values.threads) },
		{ signal, onOutcome: () => undefined },
	);
	for (const [i, outcome] of outcomes.entries()) {
		const scratch = i < names.length ? undefined : scratches.get(names[i - names.length]);
		console.log(`         ${describe(outcome, scratch)}`);
	}
}

function describe(outcome: ScoreOutcome, scratch: Scratch | undefined): string {
	if ('error' in outcome) return outcome.error.message;
	const { score, threshold, verdict, pValue, regions, timings } = outcome;
	const figures = `score ${score.toFixed(4)} threshold ${threshold?.toFixed(4) ?? '-'} p ${pValue?.toFixed(3) ?? '-'}`;
	const found = scratch === undefined ? '' : `, scratch ${placeOf(outcome, scratch)}`;
	return `${scratch === undefined ? 'good   ' : 'scratch'} ${verdict.padEnd(7)} ${figures}, ${regions.length} regions${found}, ${(timings.totalMs / 1000).toFixed(1)} s`;
}

/** "in region 1" counts from the strongest. */
function placeOf({ regions }: ImageScore, { x, y }: Scratch): string {
	const at = regions.findIndex(
		({ box: [left, top, columns, rows] }) =>
			x >= left && y >= top && x < left + columns && y < top + rows,
	);
	return at < 0 ? 'in no region' : `in region ${at + 1} (box ${regions[at].box.join(' ')})`;
}
