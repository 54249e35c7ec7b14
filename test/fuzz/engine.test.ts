import { serialize } from 'node:v8';
import { openChannel } from '../../src/engine/channel';
import { PIECE_BYTES } from '../../src/engine/inbox';
import { readWireError } from '../../src/engine/protocol';
import { connectEngine } from '../../src/engine/rpc';
import type { DinomalyError } from '../../src/errors';
import type { Random } from '../../src/random';
import { fuzz } from './support/fuzz';
import { mutateJson, pick } from './support/mutate';

/** As for every packet: its bytes come with it, and only what is claimed beyond them must get no memory. */
const FULL = new Uint8Array(PIECE_BYTES);
const LENGTH = PIECE_BYTES + 3;
const NUMBERS: readonly unknown[] = [
	0,
	-1,
	1,
	0.5,
	NaN,
	Infinity,
	PIECE_BYTES,
	PIECE_BYTES - 1,
	LENGTH,
	2 ** 31,
	2 ** 32,
	2 ** 32 + 1,
	Number.MAX_SAFE_INTEGER,
	1e300,
	-(2 ** 31),
	'0',
	null,
	undefined,
	0n,
	[1],
	{ valueOf: 1 },
];
const PIECES: readonly unknown[] = [
	FULL,
	FULL.subarray(0, 3),
	FULL.subarray(0, 0),
	Float32Array.of(1, 2),
	new DataView(new ArrayBuffer(3)),
	Buffer.from('abc'),
	'abc',
	null,
	[0, 1],
	{ length: 3 },
];
const CALL = {
	message: { m: 'event', a: ['1', { kind: 'count', done: 1, total: 2 }], t: 'q', i: 'abc' },
};
const REPLY = { message: { t: 's', i: 'abc', r: { ok: true, value: 3 } } };

fuzz('packets of the engine', { input: anyPackets, parse: receive, show: described, share: 2 });
fuzz('packets of the engine, as calls and replies', {
	input: anyPackets,
	parse: async (packets) => {
		const refusals: unknown[] = [];
		connectEngine(
			{
				send: (_, done) => {
					done(null);
				},
				listen: (handler) => {
					packets.forEach(handler);
				},
				refuse: (error) => refusals.push(error),
			},
			{ event: () => undefined, fatal: readWireError },
		);
		// Whatever is left unhandled would end n8n: it shows in the next turn at the latest.
		await new Promise((resolve) => setImmediate(resolve));
	},
	show: described,
	share: 2,
});
fuzz('last words of the engine', {
	input: (random) => mutateJson({ code: 'DISK_FULL', message: 'full', hint: 'free', stack: '' }, random),
	parse: (words) => {
		const { message } = readWireError(words);
		expect(typeof message).toBe('string');
	},
	show: (words) => JSON.stringify(words).slice(0, 3000),
});

test('packets that nobody mutated are taken', () => {
	const { messages, refusals } = listen(goodPackets());
	expect(refusals).toEqual([]);
	expect(messages).toEqual([{ bytes: expect.any(Object) }, CALL.message, REPLY.message]);
});

function goodPackets(): unknown[] {
	return [
		{ piece: FULL, id: 0, offset: 0, length: LENGTH },
		{ piece: FULL.subarray(0, 3), id: 0, offset: PIECE_BYTES, length: LENGTH },
		{ message: { bytes: { $dinomalyPieces: 0n } } },
		CALL,
		REPLY,
	];
}

/** Good packets with one to four of their fields replaced, whole packets left out, doubled or exchanged, messages mutated. */
function anyPackets(random: Random): unknown[] {
	const packets = goodPackets();
	for (let edits = 1 + random.integer(4); edits > 0; edits--) {
		const at = random.integer(packets.length);
		const packet = packets[at];
		switch (random.integer(6)) {
			case 0:
				packets.splice(at, packets.length > 1 ? 1 : 0);
				break;
			case 1:
				packets.push(packet);
				break;
			case 2:
				packets[at] = pick(random, [
					null,
					undefined,
					1,
					'x',
					[],
					{},
					FULL,
					new Map(),
					{ message: null },
				]);
				break;
			case 3:
				packets.splice(at, 0, { message: pick(random, NUMBERS) });
				break;
			default:
				packets[at] = withWrongField(packet, random);
		}
	}
	return packets;
}

function withWrongField(packet: unknown, random: Random): unknown {
	if (typeof packet !== 'object' || packet === null) return packet;
	if (!('piece' in packet))
		return { message: mutateJson(pick(random, [CALL.message, REPLY.message, standIn(random)]), random) };
	const field = pick(random, ['piece', 'id', 'offset', 'length']);
	return { ...packet, [field]: pick(random, field === 'piece' ? PIECES : NUMBERS) };
}

function standIn(random: Random): unknown {
	return { bytes: { $dinomalyPieces: pick(random, [0n, 1n, -1n, 2n ** 80n]) } };
}

/** Hands packets to a channel; what it refuses is thrown, so that it is looked at as any refusal. */
function receive(packets: readonly unknown[]): void {
	const { refusals } = listen(packets);
	if (refusals.length > 1)
		throw new Error(`Refused ${refusals.length} times, expected to stop at the first`);
	if (refusals.length === 1) throw refusals[0] as DinomalyError;
}

function listen(packets: readonly unknown[]): { messages: unknown[]; refusals: unknown[] } {
	const [messages, refusals]: [unknown[], unknown[]] = [[], []];
	openChannel({
		send: () => undefined,
		listen: (handler) => {
			packets.forEach(handler);
		},
		refuse: (error) => refusals.push(error),
	}).on((message) => messages.push(message));
	return { messages, refusals };
}

function described(packets: readonly unknown[]): string {
	const short = packets.map((packet) => {
		if (typeof packet !== 'object' || packet === null || !('piece' in packet)) return packet;
		const { piece } = packet;
		return { ...packet, piece: piece instanceof Uint8Array ? `${piece.length} bytes` : piece };
	});
	return `v8 base64 ${serialize(short).toString('base64').slice(0, 5000)}`;
}
