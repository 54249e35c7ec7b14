import { appendFileSync, openSync } from 'node:fs';
import { leaveOrphan } from './breakage';
import type { Soak } from './context';
import { rest } from './context';
import { leftFiles } from './leftovers';
import { markedProcesses, openFiles, residentMb } from './processes';

/** A process at a moment. */
export interface ProcessSample {
	readonly pid: number;
	readonly mb: number;
	readonly files: number;
}

/** One look at the processes of the soak. */
export interface Sample {
	/** Seconds since the load began. */
	readonly at: number;
	readonly hostMb: number;
	readonly hostHeapMb: number;
	readonly hostFiles: number;
	/** The engine that takes new jobs, none between two of them; or those of all engine workers. */
	readonly engines: readonly ProcessSample[];
	/** Engine workers, where there are some. */
	readonly workers: readonly ProcessSample[];
	readonly processes: number;
	/** Temporary files and folders in the store and in the system's place for them. */
	readonly leftFiles: number;
}

const EVERY_MS = 5000;

/** Looks at the processes every few seconds until the soak is over; each look is a line of JSON in the file, if one is named. */
export async function takeSamples(
	soak: Soak,
	{ mark, file }: { readonly mark: string; readonly file?: string },
): Promise<Sample[]> {
	const { engine, calls, tally, over, data, breakages, workshop } = soak;
	const samples: Sample[] = [];
	const began = Date.now();
	const ballast: Buffer[] = [];
	let reparented = new Set<number>();
	if (breakages.has('orphan')) leaveOrphan();
	while (!over.aborted) {
		if (breakages.has('hostMemory')) ballast.push(Buffer.alloc(5_000_000, 1));
		if (breakages.has('openFiles')) openSync('/dev/null', 'r');
		calls.checkAnswered();
		const marked = markedProcesses(mark);
		const ours = new Set([process.pid, ...marked.map(({ pid }) => pid)]);
		const strays = marked.filter(({ parent }) => !ours.has(parent));
		for (const { pid, command } of strays)
			if (reparented.has(pid))
				tally.broke('processes', `process ${String(pid)} (${command}) lives on without its parent`);
		reparented = new Set(strays.map(({ pid }) => pid));
		const at = (Date.now() - began) / 1000;
		const memory = process.memoryUsage();
		const workers = workshop?.pool.pids ?? [];
		const engines =
			workshop === undefined
				? [engine.pid]
				: marked.filter(({ parent }) => workers.includes(parent)).map(({ pid }) => pid);
		const extraMb = breakages.has('engineMemory') ? 2 * at : 0;
		const sample: Sample = {
			at,
			hostMb: memory.rss / 1e6,
			hostHeapMb: memory.heapUsed / 1e6,
			hostFiles: openFiles(process.pid) ?? 0,
			engines: engines.flatMap((pid) => lookAt(pid, extraMb)),
			workers: workers.flatMap((pid) => lookAt(pid, 0)),
			processes: marked.length,
			leftFiles: (await leftFiles(data)).length,
		};
		samples.push(sample);
		if (file !== undefined) appendFileSync(file, `${JSON.stringify(sample)}\n`);
		await rest(soak, EVERY_MS);
	}
	return samples;
}

function lookAt(pid: number | undefined, extraMb: number): ProcessSample[] {
	if (pid === undefined) return [];
	const [mb, files] = [residentMb(pid), openFiles(pid)];
	return mb === undefined || files === undefined ? [] : [{ pid, mb: mb + extraMb, files }];
}
