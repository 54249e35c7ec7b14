import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DinomalyError } from '../errors';
import { flushFolder, renameSafely } from '../files/atomicFile';
import { digestFile, type FileDigest } from '../files/digest';
import { errorCode, explainWriteError } from '../files/diskError';
import type { HubFile } from './catalogue';
import { readChunks } from './bodyChunks';
import { broken, describeUrl, downloadFailed, Interruption, TooLarge } from './hubFailures';
import { hubUrl, requestFile, type FileResponse, type HubOptions } from './hubRequest';
import { claimPartialFile, sweepPartialFiles, type PartialFile } from './partialFile';

export type { HubOptions } from './hubRequest';

export interface DownloadOptions {
	readonly hub?: HubOptions;
	/** Content that the file must have, where it is known. */
	readonly sha256?: string | null;
	/** Looks at the fetched file before it takes its place; throws to refuse it. */
	readonly check?: (path: string) => Promise<void>;
	/** Bytes so far and in all (0 where the server does not tell); at most ten times a second. */
	readonly onProgress?: (done: number, total: number) => void;
	readonly signal?: AbortSignal;
	readonly limits?: Partial<DownloadLimits>;
}

export interface DownloadLimits {
	/** Longest wait for an answer to begin. */
	readonly responseTimeoutMs: number;
	/** Longest silence while a file comes. */
	readonly idleTimeoutMs: number;
	/** Attempts in all; each carries on where the last one broke off. */
	readonly tries: number;
	/** Pause after the first failure; doubles each time. */
	readonly retryPauseMs: number;
	/** Most bytes that a file may have. */
	readonly largestBytes: number;
}

/**
 * The largest encoders of the catalogue (ViT-L in float32) have 1.2 GB: three times that leaves room for those to come, and fits a disk that a
 * wrong or hostile server could otherwise fill.
 */
export const LARGEST_DOWNLOAD_BYTES = 4 * 2 ** 30;

const LIMITS: DownloadLimits = {
	responseTimeoutMs: 30_000,
	idleTimeoutMs: 60_000,
	tries: 5,
	retryPauseMs: 1000,
	largestBytes: LARGEST_DOWNLOAD_BYTES,
};
const PROGRESS_INTERVAL_MS = 100;

/**
 * Fetches a file of the hub to `target`, whole and verified or not at all: against `sha256`, else against the hash that the hub
 * states. An interrupted download is carried on, by the next try or the next call, and lies beside `target` until then.
 * Throws DOWNLOAD_FAILED, HASH_MISMATCH, DISK_FULL or CANCELLED.
 */
export async function downloadHubFile(
	source: HubFile,
	target: string,
	options: DownloadOptions = {},
): Promise<FileDigest> {
	const url = hubUrl(source, options.hub?.endpoint);
	const limits = { ...LIMITS, ...options.limits };
	for (let attempt = 1; ; attempt++) {
		try {
			return await fetchOnce({ url, target, options, limits });
		} catch (error) {
			if (options.signal?.aborted === true) throw cancelled(url, error);
			if (!(error instanceof Interruption)) throw error;
			if (attempt === limits.tries) throw error.failure;
		}
		const length = limits.retryPauseMs * 2 ** (attempt - 1);
		await pause(length, undefined, { signal: options.signal }).catch((error: unknown) => {
			throw cancelled(url, error);
		});
	}
}

interface Context {
	readonly url: URL;
	readonly target: string;
	readonly options: DownloadOptions;
	readonly limits: DownloadLimits;
}

async function fetchOnce(context: Context): Promise<FileDigest> {
	const { url, target, options, limits } = context;
	const response = await request(context);
	if (
		typeof options.sha256 === 'string' &&
		response.sha256 !== undefined &&
		response.sha256 !== options.sha256
	) {
		await response.body.cancel();
		throw mismatch(url, options.sha256, response.sha256);
	}
	if (response.total !== undefined && response.total > limits.largestBytes) {
		await response.body.cancel();
		throw tooLarge(url, `at most ${limits.largestBytes}`, `a file of ${response.total}`);
	}
	const part = await claimPartialFile(target, identityOf(response)).catch(async (error: unknown) => {
		await response.body.cancel();
		throw await explainFailure(error, target);
	});
	try {
		await receive(await resume(response, part, context), part, context);
		const digest = await verify(part, response.sha256, context);
		await options.check?.(part.path);
		await renameSafely(part.path, target);
		await flushFolder(dirname(target));
		await sweepPartialFiles(target);
		return digest;
	} catch (error) {
		if (error instanceof TooLarge) {
			await part.discard();
			throw error.failure;
		}
		// Refused content would be refused again, and a full disk must not stay full; anything else is worth carrying on.
		if (error instanceof DinomalyError && error.code !== 'DOWNLOAD_FAILED') await part.discard();
		else await part.release();
		throw await explainFailure(error, target);
	}
}

function request({ url, options, limits }: Context, from?: number): Promise<FileResponse> {
	const token = options.hub?.token?.trim();
	return requestFile({
		url,
		token: token === '' ? undefined : token,
		from,
		responseTimeoutMs: limits.responseTimeoutMs,
		signal: options.signal,
	});
}

/** Two contents of one address must never be mixed: without something to tell them apart nothing is carried on. */
function identityOf({ identity, total }: FileResponse): string | undefined {
	return identity === undefined || total === undefined ? undefined : `${identity} ${total}`;
}

/** Asks for the rest where a piece is there already; falls back to the whole file when the server does not play along. */
async function resume(response: FileResponse, part: PartialFile, context: Context): Promise<FileResponse> {
	if (part.bytes === 0) return response;
	if (part.bytes === response.total) {
		await response.body.cancel();
		return {
			...response,
			start: part.bytes,
			body: new ReadableStream({
				start: (stream) => {
					stream.close();
				},
			}),
		};
	}
	if (part.bytes > (response.total ?? 0)) return response;
	await response.body.cancel();
	const rest = await request(context, part.bytes);
	const isSame =
		identityOf(rest) === identityOf(response) && (rest.start === part.bytes || rest.start === 0);
	if (isSame) return rest;
	await rest.body.cancel();
	throw new Interruption(
		broken(`Expected the rest of ${describeUrl(context.url)}, found that the file has changed meanwhile`),
	);
}

async function receive(
	response: FileResponse,
	part: PartialFile,
	{ url, options, limits, target }: Context,
): Promise<void> {
	const file = await open(part.path, response.start > 0 ? 'r+' : 'w').catch(async (error: unknown) => {
		await response.body.cancel();
		throw await explainWriteError(error, target);
	});
	const most = Math.min(response.total ?? Infinity, limits.largestBytes);
	let done = response.start;
	let reported = 0;
	try {
		for await (const chunk of readChunks(response.body, { url, limits, signal: options.signal })) {
			if (done + chunk.length > most)
				throw new TooLarge(
					tooLarge(url, response.total === undefined ? `at most ${most}` : String(most), 'more'),
				);
			await writeChunk(file, chunk, { position: done, target });
			done += chunk.length;
			if (Date.now() - reported < PROGRESS_INTERVAL_MS) continue;
			reported = Date.now();
			options.onProgress?.(done, response.total ?? 0);
		}
		await file.sync();
	} finally {
		await file.close();
	}
	if (response.total !== undefined && done < response.total) {
		throw new Interruption(
			broken(`Expected ${response.total} bytes from ${describeUrl(url)}, found ${done}`),
		);
	}
	options.onProgress?.(done, response.total ?? done);
}

interface WriteContext {
	readonly position: number;
	readonly target: string;
}

async function writeChunk(
	file: FileHandle,
	chunk: Uint8Array,
	{ position, target }: WriteContext,
): Promise<void> {
	try {
		for (let done = 0; done < chunk.length;) {
			const { bytesWritten } = await file.write(chunk, done, chunk.length - done, position + done);
			done += bytesWritten;
		}
	} catch (error) {
		throw await explainWriteError(error, target);
	}
}

async function verify(
	part: PartialFile,
	stated: string | undefined,
	{ url, options }: Context,
): Promise<FileDigest> {
	const digest = await digestFile(part.path);
	const expected = options.sha256 ?? stated ?? digest.sha256;
	if (digest.sha256 !== expected) throw mismatch(url, expected, digest.sha256);
	return digest;
}

/** What the disk refuses, in a sentence; anything else as it is. */
async function explainFailure(error: unknown, target: string): Promise<unknown> {
	const explained = await explainWriteError(error, target);
	const code = errorCode(explained);
	if (explained instanceof DinomalyError || code === undefined) return explained;
	return downloadFailed(`Expected to write ${target}, found that the system cannot (${code})`, {
		cause: error,
		hint: 'Choose another folder for encoders, or remove what is in the way.',
	});
}

function tooLarge(url: URL, expected: string, found: string): DinomalyError {
	return downloadFailed(`Expected ${expected} bytes from ${describeUrl(url)}, found ${found}`, {
		hint: 'Nothing of it was kept. Encoders of the catalogue have up to 1.2 GB: check the hub endpoint, which sends something else.',
	});
}

function mismatch(url: URL, expected: string, found: string): DinomalyError {
	return new DinomalyError(
		'HASH_MISMATCH',
		`Expected sha256 ${expected} for ${describeUrl(url)}, found ${found}`,
		{
			hint: 'The file was altered at its source or on the way, and was not kept: try again, and check the endpoint when it happens again.',
		},
	);
}

function cancelled(url: URL, cause: unknown): DinomalyError {
	return new DinomalyError(
		'CANCELLED',
		`Expected to fetch ${describeUrl(url)}, found that the download was cancelled`,
		{
			hint: 'What has arrived is kept: start again to carry on.',
			cause,
		},
	);
}
