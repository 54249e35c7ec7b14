/**
 * Memory of pixel metrics over many maps of 256 x 256, one process for each line: bounded once scores are counted in bins, and
 * proportional to the maps while every score is kept.
 *
 * Usage: node dist/bench/metricsMemory.js [mode maps ...]
 */
import { execFileSync } from 'node:child_process';
import { performance } from 'node:perf_hooks';

import { PixelAccumulator, type PixelMode } from '../src/evaluation/metrics/pixelAccumulator';
import { peakMemoryGb, Report, spreadOf } from './support/report';

const SIDE = 256;
const DEFAULT: readonly (readonly [PixelMode, number])[] = [
	['auto', 1_000],
	['auto', 10_000],
	['auto', 20_000],
	['exact', 2_000],
];

const words = process.argv.slice(2);
const [mode, maps, isChild] = [words.at(0), words.at(1), words.at(2)];
if (isChild === 'child') measure(mode as PixelMode, Number(maps));
else main(mode === undefined ? DEFAULT : [[mode as PixelMode, Number(maps)]]);

function main(cases: readonly (readonly [PixelMode, number])[]): void {
	const report = new Report('metrics memory');
	for (const [caseMode, count] of cases) {
		const printed = execFileSync(process.execPath, [__filename, caseMode, String(count), 'child'], {
			encoding: 'utf8',
		});
		const { peakGb, beforeGb, seconds, errorBound } = JSON.parse(printed) as Measured;
		const what = `${caseMode}, ${count} maps`;
		report.figure({ what: `${what}, memory at most`, unit: 'GB', value: spreadOf([peakGb]) });
		report.figure({ what: `${what}, memory before`, unit: 'GB', value: spreadOf([beforeGb]) });
		report.figure({ what: `${what}, time`, unit: 's', value: spreadOf([seconds]) });
		report.figure({
			what: `${what}, error of a metric at most`,
			unit: '',
			value: spreadOf([errorBound]),
		});
	}
	report.end();
}

/** What a process of its own found. */
interface Measured {
	readonly peakGb: number;
	readonly beforeGb: number;
	readonly seconds: number;
	/** 0: exact. */
	readonly errorBound: number;
}

function measure(pixelMode: PixelMode, count: number): void {
	const before = peakMemoryGb() ?? 0;
	const pixels = new PixelAccumulator({ mode: pixelMode });
	const map = new Float32Array(SIDE * SIDE);
	const mask = new Uint8Array(SIDE * SIDE);
	let state = 1;
	const started = performance.now();
	for (let image = 0; image < count; image++) {
		const defective = image % 2 === 1;
		for (let i = 0; i < map.length; i++) {
			state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
			const share = state / 2 ** 32;
			const inside = i % SIDE >= 96 && i % SIDE < 128 && i >= 96 * SIDE && i < 128 * SIDE;
			mask[i] = Number(inside);
			map[i] = 0.05 + 0.2 * share * share + (defective && inside ? 0.15 * share : 0);
		}
		pixels.add(map, defective ? mask : null, SIDE, SIDE, defective ? `kind ${image % 5}` : '');
	}
	const { overall } = pixels.results();
	const seconds = (performance.now() - started) / 1000;
	const figures: readonly { readonly errorBound?: number | null }[] = Object.values(overall);
	const bounds = figures.map(({ errorBound }) => errorBound ?? 0);
	const measured: Measured = {
		peakGb: peakMemoryGb() ?? 0,
		beforeGb: before,
		seconds,
		errorBound: pixels.isExact ? 0 : Math.max(...bounds),
	};
	console.log(JSON.stringify(measured));
}
