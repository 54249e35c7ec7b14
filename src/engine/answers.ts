import { types } from 'node:util';
import type { ScoreOutcome } from '../scoring/request';
import { unexpected } from './inbox';
import { readWireError, type JobEvent, type JobName, type Reply } from './protocol';

type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

/** What a caller takes for granted of each answer: enough that nobody reads a field of nothing. */
const ANSWERS: Readonly<Record<JobName, Check>> = {
	train: has({ models: listOf({ model: isText, version: isText, notices: Array.isArray }) }),
	score: isCount,
	evaluate: has({ categories: listOf({ category: isText }), mean: isObject, images: Array.isArray }),
	evaluateMaps: isObject,
	calibrate: has({ model: isText, version: isText }),
	quantise: has({ model: isText, version: isText }),
	makeReport: isObject,
	itemPictures: Array.isArray,
	exportModel: has({ path: isText }),
	drawSample: has({ dir: isText }),
	doctor: has({ checks: listOf({ check: isText, status: isText }) }),
	addImage: isObject,
	inspectDataset: isObject,
	imageHeaders: Array.isArray,
	lossCurve: isObject,
	measureImages: has({ images: Array.isArray }),
};

const EVENTS: Readonly<Record<JobEvent['kind'], Check>> = {
	progress: has({ progress: has({ model: isText, phase: isText, done: isNumber, total: isNumber }) }),
	count: has({ done: isNumber, total: isNumber }),
	outcome: has({ index: isCount, outcome: isOutcome }),
};

/** The reply of an engine process, which may be broken: of the shape that callers expect. Throws ENGINE_DIED for anything else. */
export function readReply(name: JobName, sent: unknown): Reply<never> {
	const { ok, value, error } = (isObject(sent) ? sent : {}) as Fields;
	if (ok === false) return { ok, error: readWireError(error) };
	if (ok === true && ANSWERS[name](value)) return { ok, value: value as never };
	throw unexpected(`an answer to the job "${name}"`, ok === true ? value : sent);
}

/** Whether these are the outcomes of so many images, as they come from an engine worker in one answer. */
export function areOutcomes(value: unknown, count: number): value is ScoreOutcome[] {
	return Array.isArray(value) && value.length === count && value.every(isOutcome);
}

/** What an engine process tells of a job, likewise. */
export function readEvent(sent: unknown): JobEvent {
	const { kind } = (isObject(sent) ? sent : {}) as Fields;
	const isKnown = typeof kind === 'string' && Object.hasOwn(EVENTS, kind);
	if (isKnown && EVENTS[kind as JobEvent['kind']](sent)) return sent as JobEvent;
	throw unexpected('news of a job', sent);
}

/** Rules and alarms count on the score, and bytes of pictures are handed on as they are. */
function isOutcome(value: unknown): boolean {
	if (!has({ file: isText })(value)) return false;
	const { error, score, heatmapPng, maskPng, rawMap } = value as Fields;
	if (error !== undefined) return has({ code: isText, message: isText })(error);
	return (
		isNumber(score) &&
		[heatmapPng, maskPng].every((png) => png === undefined || types.isUint8Array(png)) &&
		(rawMap === undefined || types.isFloat32Array(rawMap))
	);
}

function has(checks: Readonly<Record<string, Check>>): Check {
	return (value) =>
		isObject(value) && Object.entries(checks).every(([key, check]) => check((value as Fields)[key]));
}

function listOf(checks: Readonly<Record<string, Check>>): Check {
	return (value) => Array.isArray(value) && value.every(has(checks));
}

function isObject(value: unknown): boolean {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): boolean {
	return typeof value === 'string';
}

function isNumber(value: unknown): boolean {
	return typeof value === 'number';
}

function isCount(value: unknown): boolean {
	return Number.isSafeInteger(value) && (value as number) >= 0;
}
