import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isAwaited, WAITING } from '../../src/jobs/deliver';
import { draft, newStore } from './support';

let server: Server;
let store: ReturnType<typeof newStore>;
let answer: readonly [status: number, text: string];
const asked: (string | undefined)[] = [];

beforeAll(async () => {
	store = newStore();
	server = createServer((request, response) => {
		asked.push(request.method);
		response.writeHead(answer[0]).end(answer[1]);
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
});
afterAll(() => {
	server.close();
	store.dispose();
});

async function waits(url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`) {
	const { jobs } = store;
	const resume = { url: `${url}/webhook-waiting/7?signature=x`, secret: 's', jobs: [] };
	// A port that nobody listens on stands for an n8n that has moved.
	return isAwaited(await jobs.create(draft(jobs, { resume })), { N8N_PORT: '1' });
}

test.each([
	['the node itself says so', 200, JSON.stringify({ message: WAITING }), true],
	['n8n says that it was stopped', 409, 'The execution "7" has finished with error.', false],
	['n8n says that it is over', 409, 'The execution "7" has finished already.', false],
	['it is being resumed this moment', 409, 'The execution "7" is running already.', true],
	['n8n is starting', 503, 'starting', true],
	['somebody else answers there', 200, '<html>', true],
])('whether an execution waits when %s', async (_, status, text, expected) => {
	answer = [status, text];
	expect(await waits()).toBe(expected);
	expect(new Set(asked)).toEqual(new Set(['GET']));
});

test('an n8n that does not answer is no reason to stop a training', async () => {
	expect(await waits('http://127.0.0.1:1')).toBe(true);
});

test('a job that nobody waits for by an address goes on', async () => {
	const { jobs } = store;
	expect(await isAwaited(await jobs.create(draft(jobs)))).toBe(true);
});
