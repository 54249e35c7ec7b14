/** Both ends of Node's IPC as one shape: a forked child for the host, `process` for the engine. */
export interface Port {
	readonly send: (message: unknown, done: (error: Error | null) => void) => void;
	readonly listen: (handler: (message: unknown) => void) => void;
}

/** The two functions that birpc needs of a transport. */
export interface Channel {
	/** Resolves once the message is handed to the system; rejects when the other end is gone or it cannot be cloned. */
	readonly post: (message: unknown) => Promise<void>;
	readonly on: (handler: (message: unknown) => void) => void;
}

type Packet =
	| { readonly piece: Uint8Array; readonly id: number; readonly offset: number; readonly length: number }
	| { readonly message: unknown };

interface Cut {
	readonly id: number;
	readonly bytes: Uint8Array;
}

/** Copying this much into or out of a message takes about 4 ms, far below what an event loop may be held up. */
const PIECE_BYTES = 4 * 2 ** 20;
/** Stands for bytes that travelled ahead in pieces. */
const STAND_IN = '$dinomalyPieces';

/**
 * A message channel that never holds up the event loop for long: byte arrays larger than a piece are cut, travel ahead of their
 * message with a turn of the event loop after each piece, and are put together again at the other end. Messages keep their order.
 */
export function openChannel(port: Port): Channel {
	let nextId = 0;
	let last: Promise<void> = Promise.resolve();
	const inbox = new Map<number, Uint8Array>();

	const send = (packet: Packet): Promise<void> =>
		new Promise((resolve, reject) => {
			port.send(packet, (error) => {
				if (error === null) resolve();
				else reject(error);
			});
		});

	const deliver = async (message: unknown): Promise<void> => {
		const cuts: Cut[] = [];
		const packet: Packet = {
			message: cutOut(message, (bytes) => cuts[cuts.push({ id: nextId++, bytes }) - 1].id),
		};
		for (const { id, bytes } of cuts) {
			for (let offset = 0; offset < bytes.length; offset += PIECE_BYTES) {
				await send({
					piece: bytes.subarray(offset, offset + PIECE_BYTES),
					id,
					offset,
					length: bytes.length,
				});
				await turn();
			}
		}
		await send(packet);
	};

	return {
		post: (message) => {
			const sent = last.then(() => deliver(message));
			last = sent.catch(() => undefined); // the caller hears of the failure; the next message gets its own chance
			return sent;
		},
		on: (handler) => {
			port.listen((received) => {
				const packet = received as Packet;
				if ('piece' in packet) keep(inbox, packet);
				else handler(putBack(packet.message, inbox));
			});
		},
	};
}

function keep(inbox: Map<number, Uint8Array>, packet: Extract<Packet, { piece: unknown }>): void {
	const whole = inbox.get(packet.id) ?? new Uint8Array(packet.length);
	whole.set(packet.piece, packet.offset);
	inbox.set(packet.id, whole);
}

function cutOut(value: unknown, cut: (bytes: Uint8Array) => number): unknown {
	if (value instanceof Uint8Array) return value.length > PIECE_BYTES ? { [STAND_IN]: cut(value) } : value;
	return mapParts(value, (part) => cutOut(part, cut));
}

function putBack(value: unknown, inbox: Map<number, Uint8Array>): unknown {
	if (isPlainObject(value) && STAND_IN in value) {
		const id = Number(value[STAND_IN]);
		const bytes = inbox.get(id);
		inbox.delete(id);
		return bytes;
	}
	return mapParts(value, (part) => putBack(part, inbox));
}

/** Copies arrays and plain objects with their parts mapped; anything else is returned as it is. */
function mapParts(value: unknown, map: (part: unknown) => unknown): unknown {
	if (Array.isArray(value)) return value.map(map);
	if (!isPlainObject(value)) return value;
	return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, map(part)]));
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
	if (typeof value !== 'object' || value === null) return false;
	return Object.prototype.toString.call(value) === '[object Object]';
}

function turn(): Promise<void> {
	return new Promise((resolve) => setImmediate(resolve));
}
