import { promises as fs } from 'node:fs';
import path from 'node:path';
import { DinomalyError } from '../../errors';

/** Marks a folder as a sample dataset of ours and lists its files; hidden, so that a scan passes over it. */
const MARKER = '.dinomaly-sample.json';

/** What a sample was drawn with. */
export type SampleSettings = Readonly<Record<string, number>>;

/** Whether `dir` is a sample that was drawn to its end with these settings, and none of `files` is missing. */
export async function isDrawn(
	dir: string,
	files: readonly string[],
	settings: SampleSettings,
): Promise<boolean> {
	const marker = await readMarker(dir, await namesIn(dir));
	if (marker === null || JSON.stringify(marker.settings) !== JSON.stringify(settings)) return false;
	const found = await Promise.all(files.map((file) => isFile(path.join(dir, ...file.split('/')))));
	return !found.includes(false);
}

/**
 * Prepares `dir` for the given files: creates it when absent, and removes the files of a former sample.
 * @param files paths below `dir`, with forward slashes
 * @throws DinomalyError CONFIG_INVALID when the folder holds anything but a former sample
 */
export async function claimSampleFolder(
	dir: string,
	files: readonly string[],
	settings: SampleSettings,
): Promise<void> {
	const former = await formerFiles(dir);
	// The marker comes first, so that a drawing that was cut off can be drawn again.
	await writeSampleFile(
		dir,
		MARKER,
		`${JSON.stringify({ settings, files: [...new Set([...former, ...files])] })}\n`,
	);
	for (const file of former) await fs.rm(path.join(dir, ...file.split('/')), { force: true });
}

/** Writes one file below `dir`, with the folders it needs. @throws DinomalyError DISK_FULL */
export async function writeSampleFile(
	dir: string,
	file: string,
	content: Uint8Array | string,
): Promise<void> {
	const target = path.join(dir, ...file.split('/'));
	try {
		await fs.mkdir(path.dirname(target), { recursive: true });
		await fs.writeFile(target, content);
	} catch (cause) {
		throw explain(cause, target);
	}
}

async function formerFiles(dir: string): Promise<readonly string[]> {
	const names = await namesIn(dir);
	if (names.length === 0) return [];
	const marker = await readMarker(dir, names);
	if (marker !== null) return marker.files;
	throw new DinomalyError(
		'CONFIG_INVALID',
		`Expected an empty folder or a former sample at "${dir}", found ${shown(names)}`,
		{
			hint: 'Choose a new folder for the sample dataset, or empty this one.',
		},
	);
}

async function namesIn(dir: string): Promise<readonly string[]> {
	try {
		return await fs.readdir(dir);
	} catch (cause) {
		const code = (cause as NodeJS.ErrnoException).code;
		if (code === 'ENOENT') return [];
		const found = code === 'ENOTDIR' ? 'a file' : (code ?? 'an unknown failure');
		throw new DinomalyError(
			'CONFIG_INVALID',
			`Expected a folder for the sample dataset at "${dir}", found ${found}`,
			{
				hint: 'Choose another folder.',
				cause,
			},
		);
	}
}

interface Marker {
	readonly files: readonly string[];
	readonly settings: unknown;
}

async function readMarker(dir: string, names: readonly string[]): Promise<Marker | null> {
	return names.includes(MARKER) ? parseMarker(await fs.readFile(path.join(dir, MARKER), 'utf8')) : null;
}

/** What a marker says; null when it is none of ours, since the files that it lists will be removed. */
function parseMarker(text: string): Marker | null {
	try {
		const { files, settings } = JSON.parse(text) as { files?: unknown; settings?: unknown };
		if (!Array.isArray(files)) return null;
		return files.every((file): file is string => typeof file === 'string' && isBelow(file))
			? { files, settings }
			: null;
	} catch {
		return null;
	}
}

async function isFile(file: string): Promise<boolean> {
	try {
		return (await fs.stat(file)).isFile();
	} catch {
		return false;
	}
}

/** Whether a path with forward slashes stays below the folder it is relative to. */
function isBelow(file: string): boolean {
	return (
		/^[\w-]/.test(file) &&
		!file.includes('\\') &&
		!file.split('/').some((part) => part === '' || part.startsWith('.'))
	);
}

function shown(names: readonly string[]): string {
	const more = names.length > 3 ? ` and ${names.length - 3} more` : '';
	return names.slice(0, 3).join(', ') + more;
}

function explain(cause: unknown, target: string): unknown {
	const code = (cause as NodeJS.ErrnoException | null)?.code;
	if (code === 'ENOSPC' || code === 'EDQUOT') {
		return new DinomalyError('DISK_FULL', `Expected room to write "${target}", found a full disk`, {
			hint: 'The sample dataset takes about 25 MB; free some space or choose another disk.',
			cause,
		});
	}
	if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
		return new DinomalyError(
			'CONFIG_INVALID',
			`Expected permission to write "${target}", found that the system refuses it`,
			{
				hint: 'Choose a folder that the user of this process may write to.',
				cause,
			},
		);
	}
	return cause;
}
