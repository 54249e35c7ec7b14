import { certificateHint } from '../../certificateFault';
import { DinomalyError } from '../../errors';

interface ServerError {
	readonly name?: unknown;
	readonly code?: unknown;
	readonly message?: unknown;
	readonly $metadata?: { readonly httpStatusCode?: number };
}

const REFUSED = new Set([
	'AccessDenied',
	'InvalidAccessKeyId',
	'SignatureDoesNotMatch',
	'ExpiredToken',
	'AllAccessDisabled',
	'Forbidden',
]);
const ELSEWHERE = new Set([
	'PermanentRedirect',
	'AuthorizationHeaderMalformed',
	'IllegalLocationConstraintException',
]);

/** What the client says of itself around what happened. */
const OF_CLIENT = /^@smithy\S* - | \(configured by client requestHandler\)\.?$/g;

/** The status of the server's answer; undefined when there was none. */
export function statusOf(error: unknown): number | undefined {
	return (error as ServerError | undefined)?.$metadata?.httpStatusCode;
}

/**
 * What a failed request to object storage means, as an error for the user; `what` names the store. The client's own error is left behind:
 * it carries the request with all its headers.
 */
export function explainBucketError(error: unknown, what: string): DinomalyError {
	if (error instanceof DinomalyError) return error;
	const { name, code, message } = (error ?? {}) as ServerError;
	const title =
		typeof name === 'string' && name !== 'Error' ? name : typeof code === 'string' ? code : 'Error';
	const status = statusOf(error);
	if (title === 'NoSuchBucket')
		return new DinomalyError('STORE_REFUSED', `Expected the bucket of ${what}, found none of that name`, {
			hint: 'Correct the name of the bucket, or let who runs the object storage make it.',
		});
	if (ELSEWHERE.has(title) || status === 301)
		return new DinomalyError(
			'STORE_REFUSED',
			`Expected ${what} in the region that was given, found that it is in another (${title})`,
			{
				hint: 'Correct Region, or Endpoint, of the object storage.',
			},
		);
	if (REFUSED.has(title) || status === 403 || status === 401)
		return new DinomalyError(
			'STORE_REFUSED',
			`Expected access to ${what}, found that the server refuses it (${title})`,
			{
				hint: 'Check access key and secret key, what they are allowed to do in this bucket, and the clock of this machine.',
			},
		);
	const words =
		typeof message === 'string' && message !== '' && message !== title
			? `: ${message.replace(OF_CLIENT, '').slice(0, 200)}`
			: '';
	return new DinomalyError(
		'STORE_UNREACHABLE',
		`Expected an answer from the object storage of ${what}, found ${status === undefined ? '' : `status ${status} `}${title}${words}`,
		{
			hint:
				certificateHint(title) ??
				'Check the address, the network and the server, then try again: what was finished before is untouched.',
		},
	);
}
