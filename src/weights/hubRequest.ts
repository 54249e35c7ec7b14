import { DinomalyError } from '../errors';
import type { HubFile } from './catalogue';
import { answerFailure, connectionFailure, describeUrl, downloadFailed, Interruption } from './hubFailures';
import { parseHttp, redirectTarget } from './redirects';

export interface HubOptions {
	/** Address of the hub or of a mirror; the environment's HF_ENDPOINT, else huggingface.co, when absent. */
	readonly endpoint?: string;
	/** Access token; sent to the endpoint itself and to no other host. */
	readonly token?: string;
}

export interface FileRequest {
	readonly url: URL;
	readonly token?: string;
	/** First byte wanted; the whole file when absent. */
	readonly from?: number;
	/** Longest wait for the answer to begin. */
	readonly responseTimeoutMs: number;
	readonly signal?: AbortSignal;
}

/** A file that a server has begun to send. */
export interface FileResponse {
	readonly body: ReadableStream<Uint8Array>;
	/** First byte that comes: 0 when the server sends the whole file. */
	readonly start: number;
	/** Size of the whole file, where the server tells. */
	readonly total: number | undefined;
	/** What tells this content from another one at the same address; undefined where nothing does. */
	readonly identity: string | undefined;
	/** Hash that the hub states for the file. */
	readonly sha256: string | undefined;
}

const DEFAULT_ENDPOINT = 'https://huggingface.co';
const MAX_REDIRECTS = 5;
const SHA256 = /^[0-9a-f]{64}$/;

/** Address of a hub file; throws CONFIG_INVALID for an endpoint that is no plain http(s) address. */
export function hubUrl({ repo, revision, file }: HubFile, endpoint?: string): URL {
	const chosen = [endpoint, process.env.HF_ENDPOINT].find((one) => one !== undefined && one.trim() !== '');
	const base = parseHttp(chosen?.trim() ?? DEFAULT_ENDPOINT);
	if (base === undefined) {
		throw new DinomalyError(
			'CONFIG_INVALID',
			'Expected the hub endpoint to be an http(s) address without user name, found something else',
			{
				hint: `Set the endpoint to an address such as ${DEFAULT_ENDPOINT}; give a token separately.`,
			},
		);
	}
	const path = [...repo.split('/'), 'resolve', revision, ...file.split('/')]
		.map(encodeURIComponent)
		.join('/');
	return new URL(`${base.origin}${base.pathname.replace(/\/+$/, '')}/${path}`);
}

/**
 * Asks for a file and follows redirects to safe addresses (redirectTarget); the token is dropped as soon as one leads to another host.
 * Throws DOWNLOAD_FAILED, or Interruption where trying again may help; an abort comes through as it is.
 */
export async function requestFile(request: FileRequest): Promise<FileResponse> {
	const headers = new Headers({ 'accept-encoding': 'identity' });
	if (request.from !== undefined) headers.set('range', `bytes=${request.from}-`);
	if (request.token !== undefined) headers.set('authorization', `Bearer ${checkToken(request.token)}`);
	let url = request.url;
	let linked: Pick<FileResponse, 'sha256' | 'total'> = { sha256: undefined, total: undefined };
	for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
		const response = await send(url, headers, request);
		if (url.origin === request.url.origin) {
			// Only the hub itself can vouch for the content: where it sends us may be anybody's storage.
			linked = {
				sha256: statedHash(response) ?? linked.sha256,
				total: count(response, 'x-linked-size') ?? linked.total,
			};
		}
		const next = await redirectTarget(response, url, request.url).catch(async (error: unknown) => {
			await response.body?.cancel();
			throw error;
		});
		if (next === undefined) return readAnswer(response, { request, linked });
		await response.body?.cancel();
		request.signal?.throwIfAborted(); // names were looked up meanwhile
		if (next.origin !== request.url.origin) headers.delete('authorization');
		url = next;
	}
	throw downloadFailed(
		`Expected ${describeUrl(request.url)} to lead to a file, found more than ${MAX_REDIRECTS} redirects`,
	);
}

async function send(
	url: URL,
	headers: Headers,
	{ responseTimeoutMs, signal }: FileRequest,
): Promise<Response> {
	const timeout = new AbortController();
	const timer = setTimeout(() => {
		timeout.abort();
	}, responseTimeoutMs);
	try {
		// The time limit ends with the answer's head, the caller's signal covers the body too.
		const aborts = signal === undefined ? timeout.signal : AbortSignal.any([signal, timeout.signal]);
		return await fetch(url, { headers, redirect: 'manual', signal: aborts });
	} catch (cause) {
		signal?.throwIfAborted();
		if (timeout.signal.aborted) {
			throw new Interruption(
				downloadFailed(
					`Expected an answer from ${url.host} within ${responseTimeoutMs / 1000} s, found none`,
				),
			);
		}
		throw connectionFailure(url, cause);
	} finally {
		clearTimeout(timer);
	}
}

interface AnswerContext {
	readonly request: FileRequest;
	readonly linked: Pick<FileResponse, 'sha256' | 'total'>;
}

async function readAnswer(response: Response, { request, linked }: AnswerContext): Promise<FileResponse> {
	const { status, headers, body } = response;
	const isPart = status === 206 && request.from !== undefined;
	const isPage = headers.get('content-type')?.startsWith('text/html') === true;
	if ((status !== 200 && !isPart) || body === null || isPage) {
		await body?.cancel();
		throw answerFailure(request.url, { status, isPage, hasToken: request.token !== undefined });
	}
	const range = isPart ? /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get('content-range') ?? '') : null;
	if (isPart && range === null) {
		await body.cancel();
		throw downloadFailed(
			`Expected ${describeUrl(request.url)} to say which part it sends, found no usable Content-Range`,
		);
	}
	// The length and the ETag of compressed data are not those of the file.
	const isEncoded = !['identity', null].includes(headers.get('content-encoding'));
	const sent = isEncoded ? undefined : count(response, 'content-length');
	const total = range === null ? sent : Number(range[2]);
	if (linked.total !== undefined && total !== undefined && total !== linked.total) {
		await body.cancel();
		throw downloadFailed(
			`Expected ${linked.total} bytes from ${describeUrl(request.url)}, found a file of ${total}`,
		);
	}
	return {
		body,
		start: range === null ? 0 : Number(range[1]),
		total: total ?? linked.total,
		sha256: linked.sha256,
		identity: isEncoded ? undefined : (linked.sha256 ?? strongEtag(headers)),
	};
}

/** A token with a line break would be quoted in an error message of fetch: it must not get that far. */
function checkToken(token: string): string {
	if (/^[\x21-\x7e]+$/.test(token)) return token;
	throw new DinomalyError(
		'CONFIG_INVALID',
		'Expected a Hugging Face token of visible ASCII characters, found others in it',
		{
			hint: 'Copy the token again, without spaces or line breaks.',
		},
	);
}

function statedHash({ headers }: Response): string | undefined {
	const etag = headers.get('x-linked-etag')?.replaceAll('"', '');
	return etag !== undefined && SHA256.test(etag) ? etag : undefined;
}

/** A weak ETag promises equivalence only, not the same bytes. */
function strongEtag(headers: Headers): string | undefined {
	const etag = headers.get('etag');
	return etag?.startsWith('"') === true ? etag : undefined;
}

function count({ headers }: Response, name: string): number | undefined {
	const text = headers.get(name);
	return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
