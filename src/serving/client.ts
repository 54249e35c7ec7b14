import { DinomalyError } from '../errors';
import { readBody } from './answerBody';
import { answerRefused, malformed, noConnection, noTime, notAnswered } from './failures';
import type { ServedName } from './servedName';
import type { InferenceServer } from './server';
import {
	asObject,
	decodeAnswer,
	encodeJsonRequest,
	encodeRequest,
	HEAD_LENGTH,
	isShape,
	MalformedAnswer,
	parseObject,
	type FloatTensor,
	type InferRequest,
} from './tensors';

/** What a server says of a model: shapes by names of inputs and outputs, float32 ones only; -1 where an extent may vary. */
export interface ServedShapes {
	readonly inputs: ReadonlyMap<string, readonly number[]>;
	readonly outputs: ReadonlyMap<string, readonly number[]>;
}

interface Call {
	readonly path: string;
	readonly what: ServedName | null;
	readonly body?: Buffer;
	readonly headLength?: number;
	readonly signal?: AbortSignal;
}

/**
 * Speaks the Open Inference Protocol v2 over HTTP. Redirects are never followed, so that neither the token nor a picture goes anywhere but to
 * the address that was given. What fails is thrown as SERVER_UNREACHABLE or SERVER_REFUSED in one sentence, which never holds the token;
 * what the caller's signal ends is thrown as its reason.
 */
export class InferenceClient {
	/** Whether the server reads values as bytes; undefined before it was asked. */
	private readsBytes: boolean | undefined;

	constructor(readonly server: InferenceServer) {}

	/** Name and version of the server's program. */
	async describe(signal?: AbortSignal): Promise<string> {
		await this.ask({ path: '/v2/health/ready', what: null, signal });
		const { name, version } = parseOr(this.server, await this.ask({ path: '/v2', what: null, signal }));
		return [name, version].filter((part) => typeof part === 'string' && part !== '').join(' ');
	}

	async shapes(what: ServedName, signal?: AbortSignal): Promise<ServedShapes> {
		const head = parseOr(this.server, await this.ask({ path: pathOf(what), what, signal }));
		return { inputs: shapesOf(head.inputs), outputs: shapesOf(head.outputs) };
	}

	/** The outputs that were asked for and are float32, by name. */
	async infer(
		what: ServedName,
		request: InferRequest,
		signal?: AbortSignal,
	): Promise<Map<string, FloatTensor>> {
		this.readsBytes ??= await this.declaresBytes(signal);
		const encoded = this.readsBytes ? encodeRequest(request) : { body: encodeJsonRequest(request) };
		const answer = await this.ask({ path: `${pathOf(what)}/infer`, what, ...encoded, signal });
		try {
			return decodeAnswer(answer.bytes, answer.headLength);
		} catch (error) {
			throw error instanceof MalformedAnswer ? malformed(this.server, error.message) : error;
		}
	}

	/** A server that lists extensions without this one does not have it; one that lists none at all may. */
	private async declaresBytes(signal?: AbortSignal): Promise<boolean> {
		try {
			const { extensions } = parseOr(this.server, await this.ask({ path: '/v2', what: null, signal }));
			if (!Array.isArray(extensions)) return true;
			return extensions.some((name) => String(name).startsWith('binary_tensor'));
		} catch (error) {
			if (error instanceof DinomalyError && error.code === 'SERVER_REFUSED') return true; // a proxy shows models alone
			throw error;
		}
	}

	private async ask({ path, what, body, headLength, signal }: Call): Promise<Answer> {
		const { url, token, timeoutMs } = this.server;
		const headers: Record<string, string> = {};
		if (token !== undefined) headers.authorization = `Bearer ${token}`;
		if (body !== undefined)
			headers['content-type'] =
				headLength === undefined ? 'application/json' : 'application/octet-stream';
		if (headLength !== undefined) headers[HEAD_LENGTH] = String(headLength);
		const timeout = AbortSignal.timeout(timeoutMs);
		const ends = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
		try {
			const response = await fetch(`${url}${path}`, {
				method: body === undefined ? 'GET' : 'POST',
				redirect: 'manual',
				signal: ends,
				headers,
				...(body !== undefined && { body }),
			});
			const bytes = await readBody(response);
			if (bytes === null) throw malformed(this.server, 'an answer of more than 256 MB');
			if (!response.ok) throw answerRefused(this.server, { status: response.status, bytes, what });
			const length = response.headers.get(HEAD_LENGTH);
			return { bytes, headLength: length === null ? null : Number(length) };
		} catch (error) {
			if (error instanceof DinomalyError) throw error;
			signal?.throwIfAborted();
			if (timeout.aborted) throw noTime(this.server);
			throw noConnection(error) ? notAnswered(this.server, error) : error;
		}
	}
}

interface Answer {
	readonly bytes: Buffer;
	readonly headLength: number | null;
}

function pathOf({ model, version }: ServedName): string {
	const named = `/v2/models/${encodeURIComponent(model)}`;
	return version === null ? named : `${named}/versions/${encodeURIComponent(version)}`;
}

function parseOr(server: InferenceServer, { bytes }: Answer): Record<string, unknown> {
	try {
		return parseObject(bytes);
	} catch (error) {
		throw error instanceof MalformedAnswer ? malformed(server, error.message) : error;
	}
}

function shapesOf(tensors: unknown): Map<string, readonly number[]> {
	const shapes = new Map<string, readonly number[]>();
	for (const tensor of Array.isArray(tensors) ? (tensors as unknown[]) : []) {
		const { name, shape, datatype } = asObject(tensor);
		// Some servers write extents as text.
		const extents = Array.isArray(shape) ? shape.map(Number) : shape;
		if (typeof name === 'string' && datatype === 'FP32' && isShape(extents)) shapes.set(name, extents);
	}
	return shapes;
}
