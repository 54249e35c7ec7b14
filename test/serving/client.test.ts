import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { checkServer, InferenceClient } from '../../src/serving';
import { refusal } from '../support/refusals';
import { selfSignedServer } from '../support/selfSigned';

const TOKEN = 'token-of-the-test-0123456789';
const servers: Server[] = [];

afterEach(() => {
	for (const server of servers.splice(0)) {
		server.closeAllConnections();
		server.close();
	}
});

async function clientOf(listener: RequestListener, timeoutSeconds = 5): Promise<InferenceClient> {
	const server = createServer(listener);
	servers.push(server);
	await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
	const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	return new InferenceClient(checkServer({ url, token: TOKEN, timeoutSeconds }));
}

const MODEL = { model: 'bottles', version: '3' };
const ask = (client: InferenceClient) => client.shapes(MODEL);

test.each([
	['', /"URL".*, found nothing/],
	['triton:8000', /"URL"/],
	['ftp://triton', /"URL"/],
	['http://me:secret@triton', /"URL".*, found something else/],
	['http://triton/?key=secret', /"URL".*, found something else/],
])('the address "%s" is refused, and nothing of it is repeated', async (url, message) => {
	const error = await refusal(() => checkServer({ url }));
	expect(error).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) });
	expect(error.message).not.toContain('secret');
});

test('an address may end with /v2, and a token with a line break is refused without repeating it', async () => {
	expect(checkServer({ url: ' https://a.example/serving/v2/ ' })).toEqual({
		url: 'https://a.example/serving',
		timeoutMs: 30_000,
	});
	const error = await refusal(() => checkServer({ url: 'http://a', token: 'abc\ndef' }));
	expect(error.message).toMatch(/"Token".*visible ASCII/);
	expect(error.message).not.toContain('abc');
});

test('names are one part of the path, whatever they hold, and the token goes along', async () => {
	const seen: string[] = [];
	const client = await clientOf((request, response) => {
		seen.push(request.url ?? '', request.headers.authorization ?? '');
		response.end('{"inputs":[],"outputs":[]}');
	});
	await client.shapes({ model: '../../admin?x', version: null });
	expect(seen).toEqual(['/v2/models/..%2F..%2Fadmin%3Fx', `Bearer ${TOKEN}`]);
});

test('a redirect is not followed, so that the token goes nowhere else', async () => {
	let hits = 0;
	const client = await clientOf((_, response) => {
		hits++;
		response.writeHead(302, { location: '/elsewhere' }).end();
	});
	const error = await refusal(() => ask(client));
	expect(error).toMatchObject({
		code: 'SERVER_REFUSED',
		message: expect.stringContaining('a redirect (302)'),
	});
	expect(hits).toBe(1);
});

test.each([
	[
		401,
		'who is token-of-the-test-0123456789?',
		'SERVER_REFUSED',
		/to accept the token, found that it refuses \(401\)$/,
	],
	[
		404,
		"Request for unknown model: 'bottles'",
		'SERVER_REFUSED',
		/to have model "bottles" version 3, found none \(404: Request/,
	],
	[400, 'no such version', 'SERVER_REFUSED', /version 3, found none \(400/],
	[400, `bad token ${TOKEN}`, 'SERVER_REFUSED', /found status 400$/],
	[503, 'loading', 'SERVER_UNREACHABLE', /version 3 ready, found that it is not \(503: loading\)/],
	[
		500,
		`line\u2028break${'x'.repeat(500)}`,
		'SERVER_REFUSED',
		/found status 500: line\\u2028breakx+\.\.\.$/,
	],
])('status %i is a sentence without the token', async (status, error, code, message) => {
	const client = await clientOf((_, response) => {
		response.writeHead(status).end(JSON.stringify({ error }));
	});
	const found = await refusal(() => ask(client));
	expect(found).toMatchObject({ code, message: expect.stringMatching(message) });
	expect(`${found.message} ${found.hint} ${found.stack}`).not.toContain(TOKEN);
});

// KServe's answer to every version.
test('a server without versions is not waited for: its models have to be asked for without one', async () => {
	const client = await clientOf((_, response) => {
		response.writeHead(501).end('{"error":"Model versioning not supported yet."}');
	});
	const found = await refusal(() => ask(client));
	expect(found.code).toBe('SERVER_REFUSED');
	expect(found.message).toMatch(/versions of models, found that it knows none \(501: Model versioning/);
	expect(found.hint).toMatch(/^Set Version on Server .* to none/);
	expect((await refusal(() => client.shapes({ ...MODEL, version: null }))).message).toMatch(
		/to run model "bottles", found status 501/,
	);
});

// Triton answers 400 without a word while any of its models has not loaded.
test.each([400, 503])('a server that answers %i when asked for its health is not ready', async (status) => {
	const client = await clientOf((_, response) => response.writeHead(status).end());
	const found = await refusal(() => client.describe());
	expect(found.code).toBe('SERVER_UNREACHABLE');
	expect(found.message).toMatch(
		/^Expected the inference server at \S+ to be ready, found that it is not \(\d+\)$/,
	);
	expect(found.hint).toMatch(/look at its log/);
});

test('a web page is no answer, and nothing of it is shown', async () => {
	const client = await clientOf((_, response) => response.end('<html>private page</html>'));
	const error = await refusal(() => ask(client));
	expect(error.message).toMatch(/as the Open Inference Protocol v2 says, found something that is no JSON/);
	expect(error.message).not.toContain('private');
});

test('a server that is not there, or cuts the connection, is unreachable', async () => {
	const gone = await clientOf(() => undefined);
	await new Promise((done) => servers[0].close(done));
	expect(await refusal(() => ask(gone))).toMatchObject({
		code: 'SERVER_UNREACHABLE',
		message: expect.stringContaining('no server there (ECONNREFUSED)'),
	});
	const cutting = await clientOf((request) => request.socket.destroy());
	expect(await refusal(() => ask(cutting))).toMatchObject({ code: 'SERVER_UNREACHABLE' });
});

test('a certificate that nobody trusts is told from a server that is away', async () => {
	const server = selfSignedServer((_, response) => response.end('{}'));
	servers.push(server);
	await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
	const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
	const error = await refusal(() => ask(new InferenceClient(checkServer({ url }))));
	expect(error.message).toMatch(/found no connection \(DEPTH_ZERO_SELF_SIGNED_CERT\)$/);
	expect(error.hint).toMatch(/point NODE_EXTRA_CA_CERTS to/);
});

test('a silent server ends the wait in time, and who stops is not told of the server', async () => {
	const client = await clientOf(() => undefined, 0.2);
	expect(await refusal(() => ask(client))).toMatchObject({
		code: 'SERVER_UNREACHABLE',
		message: expect.stringContaining('within 0.2 s'),
	});
	const stop = new AbortController();
	const patient = await clientOf(() => undefined);
	const asking = patient.shapes(MODEL, stop.signal);
	stop.abort(new Error('stopped by hand'));
	await expect(asking).rejects.toThrow('stopped by hand');
});
