import { DinomalyError } from '../errors';
import { isRemoteJob, type RemoteJob } from './lanes';

/** A parcel in the store: how large it is and what it must hold. */
export interface ParcelLabel {
	readonly bytes: number;
	readonly sha256: string;
}

/** What lies in the queue: one call of the engine. */
export interface Task {
	readonly id: string;
	readonly name: RemoteJob;
	/** Who waits for the answer; the worker stops when it gives no sign of life. */
	readonly caller: string;
	/** The request as `packValue` writes it, with places instead of paths. */
	readonly text: string;
	readonly parcels: readonly ParcelLabel[];
	/** Whether a worker may have begun it before: Redis forgot it, and it was sent again. */
	readonly again: boolean;
}

/** What a worker leaves for the caller. */
export interface Answer {
	/** The engine's reply as `packValue` writes it. */
	readonly text: string;
	readonly parcels: readonly ParcelLabel[];
	/** Folder of the store on the worker, which the caller replaces by its own in texts. */
	readonly store: string;
}

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const SHA256 = /^[0-9a-f]{64}$/;

export function isTaskId(text: unknown): text is string {
	return typeof text === 'string' && ID.test(text);
}

/** Throws CONFIG_INVALID for data that is no task. */
export function parseTask(data: unknown): Task {
	const task = data as Partial<Task> | null;
	const isWhole =
		typeof task === 'object' &&
		isTaskId(task?.id) &&
		isTaskId(task.caller) &&
		isRemoteJob(task.name) &&
		typeof task.text === 'string' &&
		areLabels(task.parcels);
	if (isWhole) return { ...(task as Task), again: task.again === true };
	throw foreign();
}

/** Throws CONFIG_INVALID for text that is no answer. */
export function parseAnswer(text: string): Answer {
	let answer: Partial<Answer> | null;
	try {
		answer = JSON.parse(text) as Partial<Answer> | null;
	} catch {
		throw foreign();
	}
	const isWhole =
		typeof answer?.text === 'string' && typeof answer.store === 'string' && areLabels(answer.parcels);
	if (isWhole) return answer as Answer;
	throw foreign();
}

function areLabels(labels: unknown): labels is readonly ParcelLabel[] {
	return (
		Array.isArray(labels) &&
		labels.every((label: Partial<ParcelLabel> | null) => {
			return Number.isInteger(label?.bytes) && SHA256.test(String(label?.sha256));
		})
	);
}

function foreign(): DinomalyError {
	return new DinomalyError(
		'CONFIG_INVALID',
		'Expected a task of n8n-nodes-dinomaly in the queue of the engine workers, found something else',
		{ hint: 'Give the engine workers a prefix of their own in Redis.' },
	);
}
