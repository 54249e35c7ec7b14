/**
 * Scores for many callers at once, through the engine's process as n8n uses it: images per second, and how long each one waits. Also what
 * a queue costs that grows, and how long a new process takes to its first score.
 *
 * Usage: node dist/bench/callers.js [encoder] [crop] [scores for each number of callers] [device]
 * A device must be there; on one other than the CPU scores are computed in batches.
 */
import { openEngine, type Engine } from '../src/engine/host';
import type { DeviceName } from '../src/runtime/device';
import { trainBriefly } from './support/briefModel';
import { THREADS } from './support/cases';
import { withDrawnData, type DrawnData } from './support/drawnData';
import { Report, spreadOf } from './support/report';
import { millisecondsOf } from './support/timing';

const CALLERS = [1, 4, 16, 64];
const STARTS = 3;
const MODEL = 'panel';

const [encoder = 'descriptors', crop = '224', scores = '64', device = 'cpu'] = process.argv.slice(2);

void withDrawnData(16, async (drawn) => {
	const report = new Report('callers');
	const engine = openEngine();
	const what = `${encoder}, ${crop} px${device === 'cpu' ? '' : `, ${device}`}`;
	try {
		await trainBriefly(engine, drawn, { model: MODEL, encoder, side: Number(crop) });
		const starts: number[] = [];
		for (let start = 0; start < STARTS; start++) {
			await engine.close();
			starts.push((await millisecondsOf(() => scoreOne(engine, drawn, 0))) / 1000);
		}
		report.figure({
			what: `${what}: a new process to its first score`,
			unit: 's',
			value: spreadOf(starts),
		});
		for (const callers of CALLERS) {
			const waits: number[] = [];
			const total = Math.max(callers, Number(scores));
			const ms = await millisecondsOf(() => scoreFor(callers, total, engine, drawn, waits));
			report.figure({
				what: `${what}: ${callers} callers, wait for a score`,
				unit: 'ms',
				value: spreadOf(waits),
			});
			report.figure({
				what: `${what}: ${callers} callers, together`,
				unit: 'images/s',
				value: spreadOf([total / (ms / 1000)]),
			});
		}
	} finally {
		await engine.close();
	}
	report.end();
});

/** Each caller asks for its next score when it has the one before. */
async function scoreFor(
	callers: number,
	total: number,
	engine: Engine,
	drawn: DrawnData,
	waits: number[],
): Promise<void> {
	let asked = 0;
	const call = async (): Promise<void> => {
		while (asked < total) waits.push(await millisecondsOf(() => scoreOne(engine, drawn, asked++)));
	};
	await Promise.all(Array.from({ length: callers }, call));
}

async function scoreOne(engine: Engine, { store, images }: DrawnData, index: number): Promise<void> {
	const [outcome] = await engine.score({
		...{ store, model: MODEL, device: device as DeviceName, requireDevice: true, threads: THREADS },
		images: [{ file: images[index % images.length] }],
	});
	if ('error' in outcome) throw new Error(outcome.error.message);
}
