import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { access, mkdtemp, rmdir, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { DinomalyError, messageOf } from '../errors';
import { cLibrary, loadNative } from '../runtime/native';
import { multipliesExactly } from '../runtime/precision';
import { describeRuntime } from '../runtime/session';
import { explainWriteError } from '../files/diskError';
import { storeLayout } from '../store/paths';
import { ENCODERS } from '../weights/catalogue';
import { cachedEncoderPath, resolveEncoder } from '../weights/resolveEncoder';
import type { JobContext, JobModules } from './jobModules';
import type { DoctorCheck, DoctorReport, DoctorRequest } from './protocol';
import { tryTraining } from './trial';

type Finding = Omit<DoctorCheck, 'check' | 'advice'> & { readonly advice?: string };
type Probe = (request: DoctorRequest, context: JobContext, jobs: JobModules) => Finding | Promise<Finding>;

const OLDEST_NODE: readonly [number, number] = [20, 19];
/** The default training takes about this much. */
const LITTLE_MEMORY = 2e9;
/** Features of some thousand images and a large encoder fit. */
const LITTLE_DISK = 5e9;
/** Not even a model and its checkpoint fit. */
const NO_DISK = 0.3e9;

/** Takes 2 s on two cores. */
const TRIAL_MS = 120_000;

/** In the order in which one thing rests on another. */
const PROBES: readonly (readonly [string, Probe])[] = [
	['Node.js', checkNode],
	['Platform', checkPlatform],
	['onnxruntime', checkRuntime],
	['sharp', checkSharp],
	['Processor', checkProcessor],
	['Memory', checkMemory],
	['Store', checkStore],
	['Disk', checkDisk],
	['Encoders', checkEncoders],
	["Package's encoder", checkOwnEncoder],
	['Train and score', checkTraining],
];

/** Looks at everything that the engine needs, last at a small training from end to end; what fails is a row, not a rejection. */
export async function runDoctor(
	request: DoctorRequest,
	context: JobContext,
	jobs: JobModules,
): Promise<DoctorReport> {
	const checks: DoctorCheck[] = [];
	for (const [check, probe] of PROBES) {
		context.signal.throwIfAborted();
		try {
			checks.push({ check, advice: '', ...(await probe(request, context, jobs)) });
		} catch (error) {
			context.signal.throwIfAborted();
			checks.push({ check, ...explain(error) });
		}
	}
	return { checks };
}

function explain(error: unknown): Omit<DoctorCheck, 'check'> {
	const detail = messageOf(error);
	const advice = error instanceof DinomalyError ? error.hint : undefined;
	return {
		status: 'fail',
		detail,
		advice: advice ?? 'Run again with DINOMALY_DEBUG=1 and report what it prints.',
	};
}

function checkNode(): Finding {
	const [major, minor] = process.versions.node.split('.').map(Number);
	const [oldestMajor, oldestMinor] = OLDEST_NODE;
	const isOld = major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
	return {
		status: isOld ? 'fail' : 'ok',
		detail: process.version,
		advice: isOld ? `Install Node.js ${oldestMajor}.${oldestMinor} or newer.` : '',
	};
}

function checkPlatform(): Finding {
	const library = cLibrary();
	const detail = `${process.platform}-${process.arch}${library === 'none' ? '' : `, ${library}`}`;
	if (library !== 'musl') return { status: 'ok', detail };
	return {
		status: 'fail',
		detail,
		advice: 'The native packages need glibc, which Alpine does not have: use a Debian-based n8n image.',
	};
}

function checkRuntime({ device = 'auto' }: DoctorRequest): Finding {
	const { version, providers } = describeRuntime();
	const names = providers.map(({ name, bundled }) =>
		bundled ? name : `${name} (its libraries are not bundled)`,
	);
	const detail = `${version}: ${names.join(', ')}; asked for: ${device}`;
	return { status: 'ok', detail };
}

function checkSharp(): Finding {
	const { versions } = loadNative('sharp') as { versions: Readonly<Record<string, string | undefined>> };
	return { status: 'ok', detail: `${versions.sharp ?? 'unknown'}, libvips ${versions.vips ?? 'unknown'}` };
}

async function checkProcessor(): Promise<Finding> {
	const model = cpus().at(0)?.model.trim() ?? 'unknown processor';
	const int8 = (await multipliesExactly())
		? 'fit for scores in int8'
		: 'not fit for scores in int8, whose sums it would clip';
	return { status: 'ok', detail: `${model}, ${availableParallelism()} threads, ${int8}` };
}

function checkMemory(): Finding {
	const limit = process.constrainedMemory();
	const total = limit > 0 && limit < totalmem() ? limit : totalmem();
	const free = Math.min(freemem(), total);
	return {
		status: free < LITTLE_MEMORY ? 'warn' : 'ok',
		detail: `${gigabytes(free)} free of ${gigabytes(total)}`,
		advice:
			free < LITTLE_MEMORY
				? 'Train with a smaller batch size and crop, or give the machine more memory.'
				: '',
	};
}

async function checkStore({ store }: DoctorRequest): Promise<Finding> {
	const existing = await nearestExisting(resolve(store));
	const probe = join(existing, '.dinomaly-doctor-');
	try {
		await rmdir(await mkdtemp(probe));
	} catch (error) {
		throw await explainWriteError(error, probe);
	}
	const isThere = existing === resolve(store);
	return { status: 'ok', detail: `${store}, writable${isThere ? '' : ' (made at the first training)'}` };
}

async function checkDisk({ store }: DoctorRequest): Promise<Finding> {
	const { bavail, bsize } = await statfs(await nearestExisting(resolve(store)));
	const free = bavail * bsize;
	const status = free < NO_DISK ? 'fail' : free < LITTLE_DISK ? 'warn' : 'ok';
	const advice = status === 'ok' ? '' : 'Free some space, or limit the feature cache.';
	return { status, detail: `${gigabytes(free)} free`, advice };
}

async function checkEncoders({ store }: DoctorRequest): Promise<Finding> {
	const { encoders } = storeLayout(store);
	const cached: string[] = [];
	for (const entry of ENCODERS) {
		const path = cachedEncoderPath(encoders, entry);
		if (path !== undefined && (await exists(path))) cached.push(entry.name);
	}
	if (cached.length > 0) return { status: 'ok', detail: cached.join(', ') };
	return {
		status: 'warn',
		detail: 'none downloaded, only those of the package',
		advice: `Choose dinov2-reg-small for better results; without network, place its file in ${encoders} by hand.`,
	};
}

async function checkOwnEncoder({ store }: DoctorRequest): Promise<Finding> {
	const { name, sha256 } = await resolveEncoder(undefined, { cacheDir: storeLayout(store).encoders });
	return { status: 'ok', detail: `${name}, sha256 ${sha256}` };
}

async function checkTraining(
	request: DoctorRequest,
	{ signal }: JobContext,
	jobs: JobModules,
): Promise<Finding> {
	const stop = new AbortController();
	const context = { signal: AbortSignal.any([signal, stop.signal]) };
	const trial = await withinTime(tryTraining(request, context, jobs), () => {
		stop.abort();
	});
	const { device, seconds, normalScore, defectScore } = trial;
	const scores = `scores ${normalScore.toFixed(4)} (good), ${defectScore.toFixed(4)} (defect)`;
	return { status: 'ok', detail: `${seconds.toFixed(1)} s on ${device}; ${scores}` };
}

/** What hangs, the doctor has to tell instead of hanging as well. */
async function withinTime<T>(work: Promise<T>, giveUp: () => void): Promise<T> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_, reject) => {
		timer = setTimeout(() => {
			reject(
				new DinomalyError(
					'DEVICE_UNAVAILABLE',
					`Expected a tiny training to end within ${TRIAL_MS / 1000} s, found it still running`,
					{
						hint: 'Set the device to CPU to see whether the device is the cause.',
					},
				),
			);
			giveUp();
		}, TRIAL_MS);
	});
	try {
		return await Promise.race([work, late]);
	} finally {
		clearTimeout(timer);
	}
}

async function nearestExisting(path: string): Promise<string> {
	for (let folder = path; ; folder = dirname(folder)) {
		if ((await exists(folder)) || dirname(folder) === folder) return folder;
	}
}

async function exists(path: string): Promise<boolean> {
	try {
		await access(path);
		return true;
	} catch {
		return false;
	}
}

function gigabytes(bytes: number): string {
	return `${(bytes / 1e9).toFixed(1)} GB`;
}
