import { certificateHint } from '../certificateFault';
import { DinomalyError } from '../errors';
import { shownName } from '../shownValue';
import { describeServed, type ServedName } from './servedName';
import type { InferenceServer } from './server';
import { asObject, parseObject } from './tensors';

/** Of what a server says about its refusal. */
const LONGEST_REASON = 160;

const NOT_READY_HINT =
	'Wait until it has loaded its models, and look at its log: Triton calls itself ready only when each of its models has loaded.';
const RESTART_HINT = 'Start the server, or correct URL in the credential Inference Server.';

/** Whether fetch failed for want of a connection, and not for a mistake of ours: it says what the network said as the cause. */
export function noConnection(error: unknown): boolean {
	const { name, cause } = asObject(error);
	return name === 'TypeError' && cause !== undefined;
}

export function notAnswered({ url }: InferenceServer, cause: unknown): DinomalyError {
	return new DinomalyError(
		'SERVER_UNREACHABLE',
		`Expected the inference server at ${url} to answer, found ${reasonOf(cause)}`,
		{ hint: certificateHint(codeOf(cause)) ?? RESTART_HINT },
	);
}

export function noTime({ url, timeoutMs }: InferenceServer): DinomalyError {
	return new DinomalyError(
		'SERVER_UNREACHABLE',
		`Expected the inference server at ${url} to answer within ${timeoutMs / 1000} s, found no answer`,
		{
			hint: 'Look at the load of the server, or set a longer Timeout in the credential Inference Server.',
		},
	);
}

export function malformed({ url }: InferenceServer, found: string): DinomalyError {
	return new DinomalyError(
		'SERVER_REFUSED',
		`Expected ${url} to answer as the Open Inference Protocol v2 says, found ${found}`,
		{ hint: 'Use the HTTP port of a server such as Triton, KServe or OpenVINO Model Server.' },
	);
}

/** What an answer other than success means. */
export function answerRefused(
	server: InferenceServer,
	{
		status,
		bytes,
		what,
	}: { readonly status: number; readonly bytes: Buffer; readonly what: ServedName | null },
): DinomalyError {
	const { url } = server;
	if (status === 401 || status === 403)
		return new DinomalyError(
			'SERVER_REFUSED',
			`Expected the inference server at ${url} to accept the token, found that it refuses (${status})`,
			{
				hint: 'Correct Token in the credential Inference Server, or DINOMALY_SERVER_TOKEN for the command line.',
			},
		);
	if (status >= 300 && status < 400)
		return new DinomalyError(
			'SERVER_REFUSED',
			`Expected the inference server at ${url} to answer itself, found a redirect (${status})`,
			{ hint: 'Fill in the address that it leads to: pictures and tokens go nowhere else.' },
		);
	const said = reasonIn(server, bytes);
	if (
		what !== null &&
		(status === 404 || (status === 400 && /not found|unknown model|no.*version/i.test(said)))
	)
		return new DinomalyError(
			'SERVER_REFUSED',
			`Expected the inference server at ${url} to have ${describeServed(what)}, found none (${status}${said})`,
			{
				hint: 'Export the version to the folder that the server loads, or set Model on Server and Version on Server.',
			},
		);
	if (status === 501 && what !== null && what.version !== null)
		return new DinomalyError(
			'SERVER_REFUSED',
			`Expected the inference server at ${url} to have versions of models, found that it knows none (501${said})`,
			{
				hint: 'Set Version on Server (--server-version) to none: whose weights the server has is checked all the same.',
			},
		);
	if (isNotReady(status, what))
		return new DinomalyError(
			'SERVER_UNREACHABLE',
			`Expected the inference server at ${url} to ${what === null ? 'be' : `have ${describeServed(what)}`} ready, found that it is not (${status}${said})`,
			{
				hint:
					what === null
						? NOT_READY_HINT
						: 'Wait until it has loaded the model, and look at its log.',
			},
		);
	return new DinomalyError(
		'SERVER_REFUSED',
		`Expected the inference server at ${url} to ${what === null ? 'be ready' : `run ${describeServed(what)}`}, found status ${status}${said}`,
		{ hint: "Look at the server's log." },
	);
}

/** A server that is asked for its health says no with 400 too (Triton); 500 and 501 are about what was asked. */
function isNotReady(status: number, what: ServedName | null): boolean {
	return (what === null && status === 400) || status > 501;
}

/** The server's own words, shortened; nothing where they could hold the token. */
function reasonIn({ token }: InferenceServer, bytes: Buffer): string {
	let error: unknown;
	try {
		({ error } = parseObject(bytes));
	} catch {
		return ''; // a page of a proxy, for instance
	}
	if (typeof error !== 'string' || error === '') return '';
	if (token !== undefined && error.includes(token)) return '';
	return `: ${shownName(error, LONGEST_REASON)}`;
}

function reasonOf(cause: unknown): string {
	const reason = codeOf(cause);
	const known: Readonly<Record<string, string>> = {
		ECONNREFUSED: 'no server there (ECONNREFUSED)',
		ENOTFOUND: 'no host of that name (ENOTFOUND)',
		EAI_AGAIN: 'no host of that name (EAI_AGAIN)',
		ECONNRESET: 'the connection cut (ECONNRESET)',
		UND_ERR_SOCKET: 'the connection cut',
		UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
	};
	return known[reason] ?? (reason === '' ? 'no connection' : `no connection (${reason})`);
}

/** What the network calls the failure of a fetch; empty where it has no word for it. */
function codeOf(cause: unknown): string {
	const { code } = asObject(asObject(cause).cause);
	return typeof code === 'string' ? code : '';
}
