import { appendFileSync, openSync } from 'node:fs';
import { leaveOrphan } from './breakage';
import type { Soak } from './context';
import { rest } from './context';
import { leftFiles } from './leftovers';
import { markedProcesses, openFiles, residentMb } from './processes';

/** One look at the processes of the soak. */
export interface Sample {
	/** Seconds since the load began. */
	readonly at: number;
	readonly hostMb: number;
	readonly hostHeapMb: number;
	readonly hostFiles: number;
	/** The engine that takes new jobs; absent between two of them. */
	readonly engine?: { readonly pid: number; readonly mb: number; readonly files: number };
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
	const { engine, calls, tally, over, data, breakages } = soak;
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
		const engineSample = lookAtEngine(engine.pid, breakages.has('engineMemory') ? 2 * at : 0);
		const sample: Sample = {
			at,
			hostMb: memory.rss / 1e6,
			hostHeapMb: memory.heapUsed / 1e6,
			hostFiles: openFiles(process.pid) ?? 0,
			...(engineSample && { engine: engineSample }),
			processes: marked.length,
			leftFiles: (await leftFiles(data)).length,
		};
		samples.push(sample);
		if (file !== undefined) appendFileSync(file, `${JSON.stringify(sample)}\n`);
		await rest(soak, EVERY_MS);
	}
	return samples;
}

function lookAtEngine(pid: number | undefined, extraMb: number): Sample['engine'] {
	if (pid === undefined) return undefined;
	const [mb, files] = [residentMb(pid), openFiles(pid)];
	return mb === undefined || files === undefined ? undefined : { pid, mb: mb + extraMb, files };
}
