/**
 * An hour of mixed load as n8n makes it - scores, trainings, evaluations, some of them cancelled, bad images, unknown models - while
 * the engine's process is killed and stopped again and again, and other hosts on the same store are killed in mid-training. Checks what
 * docs/reliability.md promises, and ends with status 1 when a promise is broken. With --workers engine workers compute: they are killed, stopped
 * and replaced, and so is the Redis between them and the callers.
 *
 * Usage: node dist/bench/soak.js [minutes] [seed] [--workers] [--break NAME ...] [--samples FILE]   (Linux only: looks into /proc)
 */
import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openEngine } from '../src/engine/host';
import { createRandom, deriveSeed } from '../src/random';
import { checkWorkersConnection } from '../src/workers/connection';
import { workersEngine } from '../src/workers/workersEngine';
import { checkBreakages, leaveOrphan } from './soak/breakage';
import { Calls } from './soak/calls';
import type { Soak } from './soak/context';
import { drawSoakData } from './soak/data';
import { learnExpected } from './soak/expected';
import { runHosts, runKills, runStops } from './soak/faults';
import { sweepLeftovers, temporaryFolder } from './soak/leftovers';
import { checkNoneLeft, MARK } from './soak/processes';
import { takeSamples } from './soak/samples';
import { runCaller, runEvaluations, runMistakes } from './soak/scoring';
import { Tally } from './soak/tally';
import { runTrainings } from './soak/trainings';
import { isLong, judgeAll, tellVerdicts } from './soak/verdicts';
import { runRedisRestarts, runWorkerKills, runWorkerPauses } from './soak/workerFaults';
import { closeWorkshop, openWorkshop } from './soak/workshop';
import { Report } from './support/report';

const CALLERS = 3;
const TRAINING_LINES = 2;

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		break: { type: 'string', multiple: true },
		samples: { type: 'string' },
		workers: { type: 'boolean', default: false },
	},
});
const [minutes = '60', seed = '1'] = positionals;
const breakages = checkBreakages(values.break ?? []);

void main();

async function main(): Promise<void> {
	process.exitCode = 1; // until all is well: a soak that stands still is none that went well
	const mark = randomUUID();
	const folder = await mkdtemp(path.join(tmpdir(), 'dinomaly-soak-'));
	mkdirSync(temporaryFolder(folder));
	process.env.TMPDIR = temporaryFolder(folder);
	process.env[MARK] = mark;
	process.once('exit', () => {
		rmSync(folder, { recursive: true, force: true });
	});
	const report = new Report('soak');
	const tally = new Tally();
	const local = openEngine();
	const data = await drawSoakData(folder);
	const expected = await learnExpected(local, data);
	if (values.workers) await local.close();
	const workshop = values.workers ? await openWorkshop({ data, tally, mark }) : undefined;
	const engine =
		workshop === undefined
			? local
			: workersEngine(checkWorkersConnection({ url: workshop.redis.url }), local);
	console.log(`load     begins at ${new Date().toISOString()}`);
	const over = new AbortController();
	setMaxListeners(0, over.signal); // every part of the load rests until it fires
	const durationMs = Number(minutes) * 60_000;
	const soak: Soak = {
		...{ engine, data, expected, tally, durationMs, breakages, over: over.signal },
		calls: new Calls(engine, tally, workshop),
		...(workshop !== undefined && { workshop }),
		random: (part) => createRandom(deriveSeed(Number(seed), part)),
	};
	const sampling = takeSamples(soak, { mark, file: values.samples });
	const load = Promise.all([
		...Array.from({ length: CALLERS }, (_, i) => runCaller(soak, i)),
		...Array.from({ length: TRAINING_LINES }, (_, i) => runTrainings(soak, i)),
		...[runEvaluations(soak), runMistakes(soak), runHosts(soak)],
		...(workshop === undefined
			? [runKills(soak), runStops(soak)]
			: [
					runWorkerKills(soak, workshop),
					runWorkerPauses(soak, workshop),
					runRedisRestarts(soak, workshop),
				]),
	]);
	setTimeout(() => {
		over.abort();
	}, durationMs);
	await load;
	const samples = await sampling;
	if (breakages.has('leftFile')) writeFileSync(path.join(data.store, 'locks', 'left.tmp'), '');
	await sweepLeftovers(soak);
	if (breakages.has('orphan')) leaveOrphan();
	if (workshop !== undefined) await closeWorkshop(workshop, { tally, breakages });
	await engine.close();
	await checkNoneLeft(tally, mark);
	judgeAll(report, tally, samples, {
		judges: isLong(samples) || breakages.size > 0,
		onWorkers: workshop !== undefined,
	});
	report.end();
	process.exitCode = tellVerdicts(report, tally) ? 0 : 1;
	await rm(folder, { recursive: true, force: true });
}
