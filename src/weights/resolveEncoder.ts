import { stat } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { DinomalyError } from '../errors';
import { digestFile, type FileDigest } from '../files/digest';
import { errorCode } from '../files/diskError';
import {
	DEFAULT_ENCODER,
	EMBEDDED_ENCODER,
	ENCODERS,
	findEncoder,
	type EncoderEntry,
	type HubFile,
} from './catalogue';
import { downloadHubFile, type HubOptions } from './download';
import { openEncoder } from './encoderWeights';
import { packageRoot } from './packageRoot';
import { readPin, writePin } from './pins';
import { readSafetensors } from './safetensors';

export interface ResolveOptions {
	/** Folder where downloaded encoders are kept, one folder each. */
	readonly cacheDir: string;
	readonly hub?: HubOptions;
	/** Bytes of a download so far and in all. */
	readonly onProgress?: (done: number, total: number) => void;
	readonly signal?: AbortSignal;
}

export interface ResolvedEncoder {
	/** Catalogue name, or the file's name without extension. */
	readonly name: string;
	readonly path: string;
	/** Hash of the whole file, lower-case hexadecimal. */
	readonly sha256: string;
	/** null for a file that the user named. */
	readonly entry: EncoderEntry | null;
	/** A line that every result with this encoder must carry. */
	readonly notice?: string;
}

type HubEntry = EncoderEntry & { readonly source: HubFile };

const EMBEDDED_NOTICE =
	'Encoder of the package (embedded, pretrained on drawn images): choose dinov2-reg-small for better results, where it can be downloaded or placed by hand';
const DESCRIPTORS_NOTICE =
	'Encoder of the package (descriptors, edges and colours by a fixed rule): choose dinov2-reg-small for better results, where it can be downloaded or placed by hand';
/** Formats that can run code when they are loaded. */
const PICKLES = new Set(['.bin', '.pt', '.pth', '.ckpt', '.pkl', '.tar']);

/** Hashes of files already checked by this process, by path, size, time of change and inode. */
const checked = new Map<string, FileDigest>();

/**
 * Finds the encoder's file: DEFAULT_ENCODER when nothing is named, a catalogue entry (from `cacheDir`, else downloaded), or a path. The
 * file is recognised as an encoder and its hash known when this returns: a catalogue file is pinned at first use and has to stay the same.
 * Throws ENCODER_UNKNOWN, ENCODER_INVALID, WEIGHTS_INVALID, HASH_MISMATCH, DOWNLOAD_FAILED, DISK_FULL, CANCELLED or INPUT_MISSING.
 */
export async function resolveEncoder(
	nameOrPath: string | undefined,
	options: ResolveOptions,
): Promise<ResolvedEncoder> {
	const wanted = nameOrPath?.trim() ?? '';
	const entry = findEncoder(wanted === '' ? DEFAULT_ENCODER : wanted);
	if (entry === undefined) return await resolvePath(wanted);
	return isFromHub(entry) ? await resolveFromHub(entry, options) : await resolveOwn(entry);
}

/** Where a catalogue encoder is looked for before it is downloaded, so that it can be placed there by hand. */
export function cachedEncoderPath(cacheDir: string, entry: EncoderEntry): string | undefined {
	return entry.source === null ? undefined : resolve(cacheDir, entry.name, basename(entry.source.file));
}

async function resolveOwn(entry: EncoderEntry): Promise<ResolvedEncoder> {
	const path = join(packageRoot(), 'assets', 'encoders', `${entry.name}.safetensors`);
	const { sha256 } = await digestOnce(path);
	if (entry.sha256 !== null && sha256 !== entry.sha256) {
		throw new DinomalyError(
			'HASH_MISMATCH',
			`Expected sha256 ${entry.sha256} for the encoder ${path} of the package, found ${sha256}`,
			{
				hint: 'The installation is damaged: install the package again.',
			},
		);
	}
	const notice = entry.name === EMBEDDED_ENCODER ? EMBEDDED_NOTICE : DESCRIPTORS_NOTICE;
	return { name: entry.name, path, sha256, entry, notice };
}

async function resolveFromHub(entry: HubEntry, options: ResolveOptions): Promise<ResolvedEncoder> {
	const folder = resolve(options.cacheDir, entry.name);
	const file = basename(entry.source.file);
	const path = join(folder, file);
	const pin = await readPin(folder, file);
	const expected = entry.sha256 ?? pin?.sha256 ?? null;
	const isCached = await isFile(path);
	const digest = isCached ? await digestOnce(path) : await download({ entry, path, expected, options });
	if (expected !== null && digest.sha256 !== expected) {
		throw new DinomalyError(
			'HASH_MISMATCH',
			`Expected sha256 ${expected} for ${path}, found ${digest.sha256}`,
			{
				hint: `Delete it to download it again; if you replaced it on purpose, delete ${join(folder, 'pins.json')} too. Models trained with the former file need that one.`,
			},
		);
	}
	if (pin === undefined) {
		if (isCached) await checkArchitecture(path, entry);
		const from = isCached ? 'placed by hand' : `${entry.source.repo}/${entry.source.file}`;
		await writePin(folder, file, { ...digest, from, pinned: new Date().toISOString() });
	}
	return { name: entry.name, path, sha256: digest.sha256, entry };
}

interface DownloadTask {
	readonly entry: HubEntry;
	readonly path: string;
	readonly expected: string | null;
	readonly options: ResolveOptions;
}

async function download({ entry, path, expected, options }: DownloadTask): Promise<FileDigest> {
	const { hub, onProgress, signal } = options;
	try {
		return await downloadHubFile(entry.source, path, {
			hub,
			onProgress,
			signal,
			sha256: expected,
			check: (part) => checkArchitecture(part, entry),
		});
	} catch (error) {
		if (!(error instanceof DinomalyError) || error.code !== 'DOWNLOAD_FAILED') throw error;
		const byHand = `Without network, fetch ${entry.source.file} of https://huggingface.co/${entry.source.repo} elsewhere and place it at ${path}`;
		throw new DinomalyError('DOWNLOAD_FAILED', `Encoder ${entry.name}: ${error.message}`, {
			hint: `${error.hint ?? ''} ${byHand}, or choose the encoder "${DEFAULT_ENCODER}", which needs no download.`.trim(),
			cause: error,
		});
	}
}

async function resolvePath(wanted: string): Promise<ResolvedEncoder> {
	const path = resolve(wanted);
	const extension = extname(wanted).toLowerCase();
	if (PICKLES.has(extension)) {
		throw new DinomalyError(
			'ENCODER_INVALID',
			`Expected an encoder as .safetensors, found ${basename(wanted)}`,
			{
				hint: 'Files of this kind can run code when they are loaded: convert it with the safetensors library, or take the .safetensors file of the same model.',
			},
		);
	}
	if (!(await isFile(path))) throw extension === '.safetensors' ? missing(path) : unknown(wanted);
	openEncoder(await readSafetensors(path));
	const { sha256 } = await digestOnce(path);
	return { name: basename(path, extname(path)), path, sha256, entry: null };
}

/** Refuses a file that is an encoder, but not the one that it is taken for. */
async function checkArchitecture(path: string, entry: EncoderEntry): Promise<void> {
	const { architecture } = openEncoder(await readSafetensors(path));
	for (const trait of ['family', 'patch', 'dim', 'depth', 'registers', 'gridSide'] as const) {
		if (architecture[trait] === entry.architecture[trait]) continue;
		throw new DinomalyError(
			'ENCODER_INVALID',
			`Expected ${entry.name} (${trait} ${entry.architecture[trait]}) in ${path}, found another encoder (${trait} ${architecture[trait]})`,
			{ hint: 'Place the right file there, or give the path of this one as the encoder.' },
		);
	}
}

async function digestOnce(path: string): Promise<FileDigest> {
	const { size, mtimeMs, ino } = await stat(path).catch((error: unknown) => {
		throw errorCode(error) === 'ENOENT' ? missing(path) : error;
	});
	const key = [path, size, mtimeMs, ino].join('\n');
	const digest = checked.get(key) ?? (await digestFile(path));
	checked.set(key, digest);
	return digest;
}

async function isFile(path: string): Promise<boolean> {
	try {
		return (await stat(path)).isFile();
	} catch (error) {
		if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return false;
		throw error;
	}
}

function isFromHub(entry: EncoderEntry): entry is HubEntry {
	return entry.source !== null;
}

function missing(path: string): DinomalyError {
	return new DinomalyError('INPUT_MISSING', `Expected an encoder file at ${path}, found none`, {
		hint: `Check the path, or choose one of ${catalogueNames()}.`,
	});
}

function unknown(wanted: string): DinomalyError {
	return new DinomalyError(
		'ENCODER_UNKNOWN',
		`Expected the name of an encoder or the path of a safetensors file, found "${wanted}"`,
		{
			hint: `Known encoders: ${catalogueNames()}.`,
		},
	);
}

function catalogueNames(): string {
	return ENCODERS.map(({ name }) => name).join(', ');
}
