import { isCertificateFault } from '../certificateFault';
import { DinomalyError } from '../errors';

/** A transfer that broke off in a way that another try may mend; `failure` is what to throw when none does. */
export class Interruption extends Error {
	constructor(readonly failure: DinomalyError) {
		super(failure.message);
	}
}

/** A file that is larger than it may be: what has arrived of it is worth nothing. */
export class TooLarge extends Error {
	constructor(readonly failure: DinomalyError) {
		super(failure.message);
	}
}

/** Failures before anything was sent that a pause of seconds does not mend. */
const UNREACHABLE = new Set([
	'ENOTFOUND',
	'EAI_AGAIN',
	'ECONNREFUSED',
	'ENETUNREACH',
	'EHOSTUNREACH',
	'UND_ERR_CONNECT_TIMEOUT',
]);

/** Error for a download that cannot succeed as asked. */
export function downloadFailed(
	message: string,
	options: { hint?: string; cause?: unknown } = {},
): DinomalyError {
	return new DinomalyError('DOWNLOAD_FAILED', message, {
		hint: 'Try again later, or check the hub endpoint.',
		...options,
	});
}

/** Error for a transfer that broke off. */
export function broken(message: string, cause?: unknown): DinomalyError {
	return downloadFailed(message, {
		cause,
		hint: 'Try again: what has arrived is kept and the download carries on there.',
	});
}

/** Address for messages: without query, which may carry signatures. */
export function describeUrl(url: URL): string {
	return `${url.origin}${url.pathname}`;
}

/** Error for a server that could not be asked; an Interruption when another try may reach it. */
export function connectionFailure(url: URL, cause: unknown): Error {
	const code = networkCode(cause);
	const failure = downloadFailed(`Expected to reach ${url.host}, found no connection (${code})`, {
		cause,
		hint: connectionHint(code),
	});
	return UNREACHABLE.has(code) || isCertificateFault(code) ? failure : new Interruption(failure);
}

interface Answer {
	readonly status: number;
	/** Whether it is an HTML page. */
	readonly isPage: boolean;
	readonly hasToken: boolean;
}

/** Error for an answer that is not the file; an Interruption when asking again may help. */
export function answerFailure(url: URL, { status, isPage, hasToken }: Answer): Error {
	if (isPage && status === 200) return webPage(url);
	const found = `Expected the file at ${describeUrl(url)}, found HTTP status ${status}`;
	if (status === 401 || status === 403) {
		const model = describeUrl(url).replace(/\/resolve\/.*$/, '');
		const hint = hasToken
			? `The token has no access: accept the model's terms at ${model} with the token's account, and let the token read gated models.`
			: `The model may be gated or private: accept its terms at ${model}, then give a Hugging Face access token (in n8n the credential of Train Dinomaly, on the command line HF_TOKEN).`;
		return downloadFailed(`${found} (access refused)`, { hint });
	}
	if (status === 404 || status === 410) {
		return downloadFailed(`${found} (not there)`, {
			hint: 'Check the hub endpoint: a mirror may not carry this model.',
		});
	}
	if (status === 429) {
		return new Interruption(
			downloadFailed(`${found} (too many requests)`, {
				hint: 'Wait some minutes; with an access token the hub allows more requests.',
			}),
		);
	}
	const failure = downloadFailed(found, {
		hint: 'The hub or the way to it has a problem: try again later.',
	});
	return status >= 500 ? new Interruption(failure) : failure;
}

function webPage(url: URL): DinomalyError {
	return downloadFailed(`Expected the file at ${describeUrl(url)}, found a web page`, {
		hint: 'A proxy or a sign-in page of the network answers instead of the hub: check the connection and the endpoint.',
	});
}

function connectionHint(code: string): string {
	if (isCertificateFault(code)) {
		return "The network re-encrypts traffic or the endpoint's certificate is private: point NODE_EXTRA_CA_CERTS to the certificate that it uses.";
	}
	return 'Check the network and the hub endpoint (HF_ENDPOINT can name a mirror), or place the file by hand.';
}

/** Deepest system code of a failed fetch, such as ENOTFOUND. */
export function networkCode(error: unknown): string {
	let code = 'unknown reason';
	for (
		let one = error;
		typeof one === 'object' && one !== null;
		one = 'cause' in one ? one.cause : undefined
	) {
		if ('code' in one && typeof one.code === 'string') code = one.code;
	}
	return code;
}
