import { Inbox, PIECE_BYTES, unexpected, type Piece } from './inbox';

/** Both ends of Node's IPC as one shape: a forked child for the host, `process` for the engine. */
export interface Port {
	readonly send: (message: unknown, done: (error: Error | null) => void) => void;
	readonly listen: (handler: (message: unknown) => void) => void;
	/** Called when the other end sent what no channel sends, or what could not be handled: nothing more of it is listened to. */
	readonly refuse: (error: unknown) => void;
}

/** The two functions that birpc needs of a transport. */
export interface Channel {
	/** Resolves once the message is handed to the system; rejects when the other end is gone or it cannot be cloned. */
	readonly post: (message: unknown) => Promise<void>;
	readonly on: (handler: (message: unknown) => unknown) => void;
}

type Packet = Piece | { readonly message: unknown };

interface Cut {
	readonly id: number;
	readonly bytes: Uint8Array;
}

/** Stands for bytes that travelled ahead in pieces, with their number as a bigint: no JSON that somebody gives a job has one. */
const STAND_IN = '$dinomalyPieces';

/**
 * A message channel that never holds up the event loop for long: byte arrays larger than a piece are cut, travel ahead of their
 * message with a turn of the event loop after each piece, and are put together again at the other end. Messages keep their order.
 *
 * @param limits what the other end may send: `mostBytes` of byte arrays in pieces with one message
 */
export function openChannel(port: Port, limits: { readonly mostBytes?: number } = {}): Channel {
	let nextId = 0;
	let last: Promise<void> = Promise.resolve();
	const inbox = new Inbox(limits);

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
			let isRefused = false;
			const refuse = (error: unknown): void => {
				isRefused = true;
				inbox.clear();
				port.refuse(error);
			};
			port.listen((packet) => {
				if (isRefused) return;
				try {
					if (!isPlainObject(packet)) throw unexpected('a message', packet);
					if ('piece' in packet) {
						inbox.keep(packet as Readonly<Record<keyof Piece, unknown>>);
						return;
					}
					const message = unpack(packet.message, inbox);
					// Messages keep their order: what this one did not take belongs to one that failed to be sent.
					inbox.clear();
					// What the handler cannot make sense of must not end the process that listens.
					Promise.resolve(handler(message)).catch(refuse);
				} catch (error) {
					refuse(error);
				}
			});
		},
	};
}

function cutOut(value: unknown, cut: (bytes: Uint8Array) => number): unknown {
	if (value instanceof Uint8Array)
		return value.length > PIECE_BYTES ? { [STAND_IN]: BigInt(cut(value)) } : value;
	return mapParts(value, (part) => cutOut(part, cut));
}

function unpack(message: unknown, inbox: Inbox): unknown {
	try {
		return putBack(message, inbox);
	} catch (error) {
		if (error instanceof RangeError)
			throw unexpected('a message nested less deep than the stack', message);
		throw error;
	}
}

function putBack(value: unknown, inbox: Inbox): unknown {
	if (isPlainObject(value)) {
		const id = value[STAND_IN];
		if (typeof id === 'bigint') return inbox.take(Number(id));
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
