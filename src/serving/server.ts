import { DinomalyError } from '../errors';
import { plainUrl } from '../plainUrl';

/** How an inference server is reached. Holds a secret: it is never written down and never shown. */
export interface InferenceServer {
	/** Start of every address, without `/v2` and without a slash at its end. */
	readonly url: string;
	/** Sent as a bearer token, to this address only; absent: none is sent. */
	readonly token?: string;
	/** Longest wait for an answer. */
	readonly timeoutMs: number;
}

export const DEFAULT_TIMEOUT_SECONDS = 30;
const LONGEST_TIMEOUT_SECONDS = 3600;
const MS_PER_SECOND = 1000;

export interface GivenServer {
	readonly url: string;
	readonly token?: string;
	/** 30 when absent. */
	readonly timeoutSeconds?: number;
}

/** Checks what a person filled in; throws CONFIG_INVALID naming the field, never with what was in the token. */
export function checkServer(given: GivenServer): InferenceServer {
	const address = given.url.trim();
	const url = plainUrl(address);
	if (url === undefined)
		throw invalid(
			'URL',
			'an http(s) address without user name, such as "https://triton.example.com:8000"',
			address === '' ? 'nothing' : 'something else',
		);
	const token = (given.token ?? '').trim();
	// One with a line break would be quoted in an error of fetch: it must not get that far.
	if (token !== '' && !/^[\x21-\x7e]+$/.test(token))
		throw invalid('Token', 'visible ASCII characters', 'others in it');
	const seconds = given.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
	if (!(seconds > 0 && seconds <= LONGEST_TIMEOUT_SECONDS))
		throw invalid('Timeout', `a number of seconds up to ${LONGEST_TIMEOUT_SECONDS}`, String(seconds));
	const path = url.pathname.replace(/\/+$/, '').replace(/\/v2$/, '');
	return {
		url: `${url.origin}${path}`,
		...(token !== '' && { token }),
		timeoutMs: Math.round(seconds * MS_PER_SECOND),
	};
}

function invalid(field: string, expected: string, found: string): DinomalyError {
	return new DinomalyError(
		'CONFIG_INVALID',
		`Expected "${field}" of the inference server to be ${expected}, found ${found}`,
		{ hint: 'Correct it in the credential Inference Server, or in the options of the command line.' },
	);
}
