import { serialize, deserialize } from 'node:v8';
import { openChannel } from '../../src/engine/channel';
import type { Channel, Port } from '../../src/engine/channel';
import { Inbox, PIECE_BYTES } from '../../src/engine/inbox';

interface Link {
	readonly sender: Channel;
	readonly received: unknown[];
	/** Serialised size of each packet. */
	readonly sizes: number[];
}

/** Two ends joined by what Node does to an IPC message, each packet delivered later. */
function link(): Link {
	const received: unknown[] = [];
	const sizes: number[] = [];
	let deliver: (message: unknown) => void = () => undefined;
	const sender = openChannel({
		send: (message, done) => {
			const bytes = serialize(message);
			sizes.push(bytes.length);
			setImmediate(() => {
				deliver(deserialize(bytes));
				done(null);
			});
		},
		listen: () => undefined,
		refuse: () => undefined,
	});
	openChannel({
		send: () => undefined,
		listen: (handler) => (deliver = handler),
		refuse: (error) => {
			throw error;
		},
	}).on((message) => received.push(message));
	return { sender, received, sizes };
}

const MIB = 2 ** 20;

test('large byte arrays travel in pieces and arrive whole, small ones in the message', async () => {
	const { sender, received, sizes } = link();
	const large = new Uint8Array(9 * MIB).map((_, i) => i % 251);
	const small = Uint8Array.of(1, 2, 3);
	const map = Float32Array.of(0.5, -1);
	await sender.post({
		images: [
			{ name: 'a', bytes: large },
			{ name: 'b', bytes: small },
		],
		map,
		none: undefined,
	});
	expect(sizes).toHaveLength(4);
	expect(Math.max(...sizes)).toBeLessThan(4.1 * MIB);
	const { images, map: mapBack } = received[0] as { images: { bytes: Uint8Array }[]; map: Float32Array };
	expect(Buffer.from(images[0].bytes).equals(Buffer.from(large))).toBe(true);
	expect([...images[1].bytes]).toEqual([1, 2, 3]);
	expect([...mapBack]).toEqual([0.5, -1]);
});

test('messages keep their order, whatever their size', async () => {
	const { sender, received } = link();
	await Promise.all([
		sender.post({ n: 0, bytes: new Uint8Array(6 * MIB) }),
		sender.post({ n: 1 }),
		sender.post({ n: 2, bytes: new Uint8Array(5 * MIB) }),
		sender.post({ n: 3 }),
	]);
	expect(received.map((message) => (message as { n: number }).n)).toEqual([0, 1, 2, 3]);
});

test('a message that cannot be sent fails alone', async () => {
	let refuse = true;
	const channel = openChannel({
		send: (_, done) => {
			done(refuse ? new Error('channel closed') : null);
		},
		listen: () => undefined,
		refuse: () => undefined,
	});
	await expect(channel.post({})).rejects.toThrow('channel closed');
	refuse = false;
	await expect(channel.post({})).resolves.toBeUndefined();
});

describe('what no channel sends', () => {
	const piece = (
		id: unknown,
		offset: unknown,
		length: unknown,
		bytes: unknown = new Uint8Array(PIECE_BYTES),
	) => ({
		piece: bytes,
		id,
		offset,
		length,
	});
	const whole = 2 * PIECE_BYTES + 5;
	const standIn = (id: number) => ({ message: { bytes: { $dinomalyPieces: BigInt(id) } } });

	/** What a channel makes of packets: messages, and why it refused one. */
	function receive(packets: readonly unknown[]): { messages: unknown[]; refusals: unknown[] } {
		const [messages, refusals]: [unknown[], unknown[]] = [[], []];
		const port: Port = {
			send: () => undefined,
			listen: (handler) => {
				packets.forEach(handler);
			},
			refuse: (error) => refusals.push(error),
		};
		openChannel(port).on((message) => messages.push(message));
		return { messages, refusals };
	}

	test.each([
		['nothing', null, 'a message from the other process, found Null'],
		['a list', [], 'found Array'],
		[
			'a piece of no bytes',
			piece(0, 0, whole, 'abc'),
			'a piece of bytes from the other process, found String',
		],
		['an empty piece', piece(0, 0, whole, new Uint8Array(0)), `a piece of ${PIECE_BYTES} bytes`],
		[
			'a small piece of a large array',
			piece(0, 0, 2 ** 31, new Uint8Array(1)),
			`a piece of ${PIECE_BYTES} bytes`,
		],
		['a piece longer than its array', piece(0, 0, 5), 'a piece of 5 bytes'],
		['an absurd length', piece(0, 0, 1e300), 'found 1e+300'],
		['a length below zero', piece(0, 0, -1), 'found -1'],
		['an offset that leads out', piece(0, 2 ** 40, whole), 'a piece at byte 0 '],
		['an offset that is none', piece(0, NaN, whole), 'found NaN'],
		['a number that is none', piece('x', 0, whole), 'a piece with a number'],
		['bytes that never came', standIn(7), 'all bytes of an array before its message'],
	])('%s is refused in a sentence', (_, packet, sentence) => {
		const { messages, refusals } = receive([packet, { message: 'after' }]);
		expect(refusals).toEqual([
			expect.objectContaining({ code: 'ENGINE_DIED', message: expect.stringContaining(sentence) }),
		]);
		expect(messages).toEqual([]);
	});

	test('a piece that comes twice, or a message before the last piece, is refused', () => {
		for (const packets of [
			[piece(0, 0, whole), piece(0, 0, whole)],
			[piece(0, 0, whole), piece(0, PIECE_BYTES, whole + 1)],
			[piece(0, 0, whole), standIn(0)],
		])
			expect(receive(packets)).toMatchObject({ messages: [], refusals: [{ code: 'ENGINE_DIED' }] });
	});

	test('a message nested deeper than the stack is refused', () => {
		let message: unknown = [];
		for (let i = 0; i < 100_000; i++) message = [message];
		expect(receive([{ message }]).refusals).toEqual([
			expect.objectContaining({ message: expect.stringContaining('nested less deep') }),
		]);
	});

	test('a length that is merely claimed gets no memory', () => {
		const before = process.memoryUsage().arrayBuffers;
		const inbox = new Inbox();
		const bytes = new Uint8Array(PIECE_BYTES);
		for (let id = 0; id < 100; id++) inbox.keep(piece(id, 0, 2 ** 32, bytes));
		expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * MIB);
	});

	test('pieces that no message takes have an end', () => {
		const inbox = new Inbox({ mostBytes: 10 * PIECE_BYTES });
		const bytes = new Uint8Array(PIECE_BYTES);
		const keep = (first: number, count: number): void => {
			for (let id = first; id < first + count; id++) inbox.keep(piece(id, 0, PIECE_BYTES, bytes));
		};
		for (let message = 0; message < 5; message++) {
			keep(0, 9);
			inbox.clear(); // as each message does
		}
		expect(() => {
			keep(0, 10);
		}).toThrow(/^Expected a message with at most 41943040 bytes from the other process/);
		const crumbs = new Inbox({ mostBytes: 2 ** 20 });
		expect(() => {
			for (let id = 0; id < 2000; id++) crumbs.keep(piece(id, 0, 1, Uint8Array.of(1)));
		}).toThrow(/at most 1048576 bytes/);
	});

	test('an array of many pieces is put together in order', () => {
		const inbox = new Inbox();
		const bytes = new Uint8Array(40 * PIECE_BYTES + 1);
		for (let at = 0; at < bytes.length; at += PIECE_BYTES / 2) bytes[at] = 1 + (at % 251);
		for (let at = 0; at < bytes.length; at += PIECE_BYTES)
			inbox.keep(piece(3, at, bytes.length, bytes.slice(at, at + PIECE_BYTES)));
		expect(Buffer.compare(inbox.take(3), bytes)).toBe(0);
	});

	test('what a failed message left behind is forgotten with the next one', () => {
		const { messages, refusals } = receive([piece(0, 0, PIECE_BYTES), { message: 1 }, standIn(0)]);
		expect(messages).toEqual([1]);
		expect(refusals).toHaveLength(1);
	});
});

test('a value of a request that looks like a stand-in arrives as it is', async () => {
	const { sender, received } = link();
	const message = { zones: { $dinomalyPieces: 0 }, bytes: new Uint8Array(5 * MIB) };
	await sender.post(message);
	expect((received[0] as typeof message).zones).toEqual({ $dinomalyPieces: 0 });
	expect((received[0] as typeof message).bytes).toHaveLength(5 * MIB);
});
