/**
 * A short scratch in large images, looked for by a model that sees whole images and by one that cuts them into tiles, both trained on the
 * same drawn panels. Says what each finds, how long an image takes and how much memory it takes.
 * Usage: node dist/bench/tiling.js [width] [height] [scratch px] [train images] [test images] [iterations] [encoder]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { scoreImages } from '../src/scoring/score';
import type { ImageScore, ScoreOutcome } from '../src/scoring/request';
import { trainModel } from '../src/training/train';
import type { TileRequest } from '../src/training/tiles';
import { drawPanels, type PanelSet, type Scratch } from './support/panels';
import { peakMemoryGb, printMachine } from './support/report';

const THREADS = 2;
const SEED = 7;
/** A few tiles a step are enough for one texture. */
const BATCH = 8;

const [width = 6000, height = 4000, scratchPx = 20, train = 12, test = 4, iterations = 300] = process.argv
	.slice(2, 8)
	.map(Number);

void main({ size: { width, height }, scratchPx, train, test }, process.argv[8]);

async function main(panels: PanelSet, encoder: string | undefined): Promise<void> {
	printMachine();
	const folder = await mkdtemp(path.join(tmpdir(), 'dinomaly-tiling-'));
	try {
		const data = path.join(folder, 'data');
		const scratches = await drawPanels(data, panels, SEED);
		console.log(
			`images   ${width} x ${height} px, ${train} to train and calibrate, ${test} good and ${test} with a scratch of ${scratchPx} px`,
		);
		const common = { folder, data, scratches, encoder };
		await tryModel('whole', undefined, common);
		await tryModel('tiles', { smallestDefectPx: scratchPx }, common);
		console.log(`memory   ${peakMemoryGb()?.toFixed(2) ?? '?'} GB at most`);
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

interface Common {
	readonly folder: string;
	readonly data: string;
	readonly scratches: ReadonlyMap<string, Scratch>;
	readonly encoder: string | undefined;
}

async function tryModel(
	model: string,
	tiles: TileRequest | undefined,
	{ folder, data, scratches, encoder }: Common,
): Promise<void> {
	const store = path.join(folder, 'store');
	const signal = new AbortController().signal;
	const started = performance.now();
	await trainModel(
		{
			...{ store, data, model, tiles, encoder, device: 'cpu', threads: THREADS, seed: SEED },
			overrides: { iterations, batchSize: BATCH },
			calibrationShare: 0.4,
		},
		{
			signal,
			onProgress: ({ notice }) => {
				if (notice !== undefined) console.log(`         ${notice}`);
			},
		},
	);
	console.log(`${model}    trained in ${((performance.now() - started) / 1000).toFixed(0)} s`);
	const file = (kind: string, name: string): string => path.join(data, 'panel', 'test', kind, name);
	const names = [...scratches.keys()];
	const images = ['good', 'scratch'].flatMap((kind) => names.map((name) => ({ file: file(kind, name) })));
	const outcomes = await scoreImages(
		{ store, model, images, device: 'cpu', threads: THREADS },
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
