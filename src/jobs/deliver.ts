import { setTimeout as pause } from 'node:timers/promises';
import type { TrainingJob } from './trainingJob';
import { isEnded } from './trainingJob';
import type { TrainingJobs } from './trainingJobs';

export interface DeliveryOptions {
	readonly log: (line: string) => void;
	readonly environment?: Readonly<Record<string, string | undefined>>;
	/** How long to wait after the attempt of this number, from 1; tests pass their own. */
	readonly pauseMs?: (attempt: number) => number;
}

/** What is posted to the execution that waits. It names the results, which are read from the store. */
export interface DeliveryNote {
	readonly store: string;
	readonly jobs: readonly string[];
	readonly secret: string;
}

type Answer = 'taken' | 'gone' | 'later';

const ATTEMPT_TIMEOUT_MS = 30_000;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 5 * 60_000;
/** Nobody waits longer for a training than this. */
const GIVE_UP_AFTER_MS = 14 * 24 * 60 * 60_000;
/** What n8n says about an execution that waits no more, or that it does not know. */
const WAITS_NO_MORE = /has finished|does not exist|Invalid token/i;

/**
 * Tells the execution that waits for `job` that it may go on, once all jobs that it waits for have ended, and tries again with growing
 * pauses until n8n has taken it. Resolves without doing anything when nobody waits or other jobs still run.
 */
export async function deliver(jobs: TrainingJobs, job: TrainingJob, options: DeliveryOptions): Promise<void> {
	const { resume } = job;
	if (resume === undefined) return;
	const { log, pauseMs = growingPause } = options;
	const giveUpAt = Date.now() + GIVE_UP_AFTER_MS;
	for (let attempt = 1; Date.now() < giveUpAt; attempt++) {
		if (await jobs.isDelivered(job.id)) return;
		if (!(await allEnded(jobs, resume.jobs))) return; // the last one delivers for all
		const note: DeliveryNote = { store: jobs.store, jobs: resume.jobs, secret: resume.secret };
		const { answer, words } = await post(addressesOf(resume.url, options.environment), note);
		if (answer !== 'later') {
			await jobs.markDelivered(resume.jobs);
			if (answer === 'gone')
				log(`execution ${job.origin.execution} waits for training ${job.id} no more: ${words}`);
			return;
		}
		log(`could not resume execution ${job.origin.execution} after training ${job.id} yet: ${words}`);
		await pause(pauseMs(attempt), undefined, { ref: false });
	}
}

/** Whether the execution that waits for a job still does; true as well when that cannot be told. */
export async function isAwaited(
	job: TrainingJob,
	environment: DeliveryOptions['environment'] = process.env,
): Promise<boolean> {
	if (job.resume === undefined) return true;
	for (const url of addressesOf(job.resume.url, environment)) {
		// Only a POST resumes: a GET reaches the node that waits, or n8n says why nothing waits.
		const { status, text } = await ask(url, { method: 'GET' });
		if (status === 200 && text.includes(WAITING)) return true;
		if (status === 409 && WAITS_NO_MORE.test(text)) return false;
	}
	return true;
}

/**
 * Addresses to try: the one that n8n gave, and this machine itself, for the many servers that cannot reach themselves by their public
 * name, or that were started on another port in the meantime.
 */
export function addressesOf(
	url: string,
	environment: DeliveryOptions['environment'] = process.env,
): string[] {
	const { pathname, search } = new URL(url);
	const endpoint = `/${environment.N8N_ENDPOINT_WEBHOOK_WAIT ?? 'webhook-waiting'}/`;
	const start = pathname.indexOf(endpoint);
	if (start < 0) return [url];
	const own = `http://127.0.0.1:${environment.N8N_PORT ?? '5678'}${pathname.slice(start)}${search}`;
	return own === url ? [url] : [url, own];
}

async function allEnded(jobs: TrainingJobs, ids: readonly string[]): Promise<boolean> {
	for (const id of ids) {
		const job = await jobs.read(id).catch(() => undefined); // one that was deleted is waited for no more
		if (job !== undefined && !isEnded(job)) return false;
	}
	return true;
}

async function post(
	urls: readonly string[],
	note: DeliveryNote,
): Promise<{ readonly answer: Answer; readonly words: string }> {
	const heard: string[] = [];
	for (const url of urls) {
		const { status, text } = await ask(url, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify(note),
		});
		heard.push(`${new URL(url).origin} answers ${wordsOf(status, text)}`);
		const words = heard.join('; ');
		if (status >= 200 && status < 300 && !text.includes(REFUSED)) return { answer: 'taken', words };
		if ([401, 404, 409].includes(status) && WAITS_NO_MORE.test(text)) return { answer: 'gone', words };
	}
	return { answer: 'later', words: heard.join('; ') };
}

/** An answer in one line; web pages say nothing worth it. */
function wordsOf(status: number, text: string): string {
	if (status === 0) return `not: ${text}`;
	return text.trimStart().startsWith('<') ? String(status) : `${status} ${text.slice(0, 200)}`;
}

/** Part of the answer of a node that could not make anything of a delivery. */
export const REFUSED = 'dinomaly:refused';
/** Part of the answer of a node whose execution still waits. */
export const WAITING = 'dinomaly:waiting';

/** Status 0: there was no answer. */
async function ask(
	url: string,
	init: RequestInit,
): Promise<{ readonly status: number; readonly text: string }> {
	try {
		const response = await fetch(url, { ...init, signal: AbortSignal.timeout(ATTEMPT_TIMEOUT_MS) });
		return { status: response.status, text: await response.text() };
	} catch (error) {
		const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : '';
		return { status: 0, text: cause === '' ? String(error) : cause };
	}
}

function growingPause(attempt: number): number {
	return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1));
}
