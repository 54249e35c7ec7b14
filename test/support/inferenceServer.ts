import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import * as ort from 'onnxruntime-node';

/** What a test does to the server. */
export interface ServerMood {
	/** Knows values as JSON only, as servers without the binary extension do. */
	json?: boolean;
	/** Takes the connection and never answers. */
	silent?: boolean;
	/** Answers every inference so, whatever was asked. */
	answer?: { readonly status: number; readonly body: string; readonly headers?: Record<string, string> };
	/** Changes the head of an inference's answer before it goes out. */
	spoil?: (head: { outputs: Record<string, unknown>[] }) => void;
}

export interface TestServer {
	readonly url: string;
	readonly mood: ServerMood;
	/** Method and path of every request, in order. */
	readonly asked: string[];
	close(): Promise<void>;
}

/** Thrown for what the protocol answers with a status and a sentence. */
class Refusal extends Error {
	constructor(
		readonly status: number,
		message: string,
	) {
		super(message);
	}
}

const HEAD_LENGTH = 'inference-header-content-length';

/**
 * A server of the Open Inference Protocol v2 with the binary tensor extension, written from the protocol's text: serves the models of a
 * repository by ONNX Runtime and says of them what their config.pbtxt says, as Triton does. Shares no code with the client.
 */
export async function serveRepository(
	folder: string,
	{ token }: { readonly token?: string } = {},
): Promise<TestServer> {
	const sessions = new Map<string, Promise<ort.InferenceSession>>();
	const mood: ServerMood = {};
	const asked: string[] = [];

	const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
		asked.push(`${request.method} ${request.url}`);
		const body = await readAll(request);
		if (mood.silent === true) return;
		try {
			if (token !== undefined && request.headers.authorization !== `Bearer ${token}`)
				throw new Refusal(401, `no access for ${request.headers.authorization}`);
			const parts: (string | undefined)[] = (request.url ?? '').split('/').map(decodeURIComponent);
			const [, v2, models, name = '', ...rest] = parts;
			if (v2 !== 'v2') throw new Refusal(404, 'no such page');
			if (models === 'health') {
				response.writeHead(200).end();
				return;
			}
			if (models === undefined) {
				const extensions = mood.json === true ? [] : ['binary_tensor_data'];
				sendJson(response, { name: 'test server', version: '1.0', extensions });
				return;
			}
			const [version, action] = rest[0] === 'versions' ? [rest[1] ?? '', rest[2]] : ['1', rest[0]];
			const config = path.join(folder, name, 'config.pbtxt');
			const file = path.join(folder, name, version, 'model.onnx');
			if (!existsSync(config) || !existsSync(file))
				throw new Refusal(404, `Request for unknown model: '${name}' is not found`);
			if (action === undefined) {
				sendJson(response, { name, versions: [version], ...metadata(config) });
				return;
			}
			if (action !== 'infer') throw new Refusal(404, 'no such page');
			if (mood.answer !== undefined) {
				const { status, body: text, headers = {} } = mood.answer;
				response.writeHead(status, headers).end(text);
				return;
			}
			const session = sessions.get(file) ?? ort.InferenceSession.create(file);
			sessions.set(file, session);
			if (mood.json === true && request.headers[HEAD_LENGTH] !== undefined)
				throw new Refusal(500, 'invalid start byte');
			const results = await infer(await session, { config, body, request });
			send(response, results, mood);
		} catch (error) {
			const status = error instanceof Refusal ? error.status : 500;
			response.writeHead(status, { 'content-type': 'application/json' });
			response.end(JSON.stringify({ error: (error as Error).message }));
		}
	};
	const server = createServer((request, response) => void answer(request, response));
	await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		mood,
		asked,
		close: async () => {
			server.closeAllConnections();
			await new Promise((done) => server.close(done));
			for (const session of sessions.values()) await (await session).release();
		},
	};
}

interface Declared {
	readonly name: string;
	readonly datatype: string;
	readonly shape: readonly number[];
}

/** Inputs and outputs as a config.pbtxt declares them. */
function metadata(config: string): { inputs: Declared[]; outputs: Declared[] } {
	const text = readFileSync(config, 'utf8');
	const block = (kind: string): Declared[] => {
		const [, inner] = new RegExp(`^${kind} \\[([^]*?)^\\]`, 'm').exec(text) ?? ['', ''];
		return [...inner.matchAll(/name: "(\w+)" data_type: TYPE_(\w+) dims: \[([\d, ]+)\]/g)].map(
			([, name, datatype, dims]) => ({ name, datatype, shape: dims.split(',').map(Number) }),
		);
	};
	return { inputs: block('input'), outputs: block('output') };
}

interface Asked {
	readonly config: string;
	readonly body: Buffer;
	readonly request: IncomingMessage;
}

async function infer(
	session: ort.InferenceSession,
	{ config, body, request }: Asked,
): Promise<{ name: string; shape: readonly number[]; data: Float32Array }[]> {
	const length = Number(request.headers[HEAD_LENGTH] ?? body.length);
	const head = JSON.parse(body.subarray(0, length).toString()) as {
		inputs: {
			name: string;
			shape: number[];
			datatype: string;
			parameters?: { binary_data_size?: number };
			data?: number[];
		}[];
		outputs: { name: string }[];
	};
	const feeds: Record<string, ort.Tensor> = {};
	let offset = length;
	for (const { name, shape, datatype, parameters, data: values } of head.inputs) {
		const declared = metadata(config).inputs.find((one) => one.name === name);
		if (datatype !== declared?.datatype || String(shape) !== String(declared.shape))
			throw new Refusal(
				400,
				`unexpected shape for input '${name}', expected [${String(declared?.shape)}]`,
			);
		const bytes = parameters?.binary_data_size ?? 0;
		const data = values === undefined ? new Float32Array(bytes / 4) : Float32Array.from(values);
		if (values === undefined)
			for (let i = 0; i < data.length; i++) data[i] = body.readFloatLE(offset + 4 * i);
		offset += bytes;
		feeds[name] = new ort.Tensor('float32', data, shape);
	}
	if (offset !== body.length) throw new Refusal(400, `${body.length - offset} bytes are left over`);
	const results = await session.run(feeds);
	return head.outputs.map(({ name }) => ({
		name,
		shape: results[name].dims,
		data: results[name].data as Float32Array,
	}));
}

function send(response: ServerResponse, tensors: Awaited<ReturnType<typeof infer>>, mood: ServerMood): void {
	const outputs = tensors.map(({ name, shape, data }): Record<string, unknown> => {
		const head = { name, datatype: 'FP32', shape };
		return mood.json === true
			? { ...head, data: Array.from(data) }
			: { ...head, parameters: { binary_data_size: 4 * data.length } };
	});
	const answer = { model_name: 'model', model_version: '1', outputs };
	mood.spoil?.(answer);
	const head = Buffer.from(JSON.stringify(answer));
	if (mood.json === true) {
		response.writeHead(200, { 'content-type': 'application/json' }).end(head);
		return;
	}
	const values = tensors.map(({ data }) => {
		const bytes = Buffer.alloc(4 * data.length);
		data.forEach((value, i) => bytes.writeFloatLE(value, 4 * i));
		return bytes;
	});
	response.writeHead(200, { 'content-type': 'application/octet-stream', [HEAD_LENGTH]: head.length });
	response.end(Buffer.concat([head, ...values]));
}

function sendJson(response: ServerResponse, value: object): void {
	response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
	const pieces: Buffer[] = [];
	for await (const piece of request) pieces.push(piece as Buffer);
	return Buffer.concat(pieces);
}
