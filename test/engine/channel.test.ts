import { serialize, deserialize } from 'node:v8';
import { openChannel } from '../../src/engine/channel';
import type { Channel } from '../../src/engine/channel';

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
	});
	openChannel({ send: () => undefined, listen: (handler) => (deliver = handler) }).on((message) =>
		received.push(message),
	);
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
	});
	await expect(channel.post({})).rejects.toThrow('channel closed');
	refuse = false;
	await expect(channel.post({})).resolves.toBeUndefined();
});
