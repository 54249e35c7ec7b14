import { types } from 'node:util';
import { DinomalyError } from '../errors';

/** Copying this much into or out of a message takes about 4 ms, far below what an event loop may be held up. */
export const PIECE_BYTES = 4 * 2 ** 20;

/** A part of a byte array on its way: all have PIECE_BYTES but the last, and they come in order. */
export interface Piece {
	readonly piece: Uint8Array;
	readonly id: number;
	readonly offset: number;
	/** Of the whole array. */
	readonly length: number;
}

interface Incoming {
	readonly length: number;
	received: number;
	/** What came before there was memory for the whole. */
	readonly early: Uint8Array[];
	whole: Uint8Array | undefined;
}

/** Memory for a whole array is taken once a share of 1 / 16 of it is there: a length that is merely claimed gets none. */
const MOST_CLAIMED = 16;
/** No byte array is larger in Node.js 20. */
const LONGEST = 2 ** 32;

/** What keeping a piece takes beside its bytes. */
const OVERHEAD_BYTES = 1024;

/** Byte arrays that travel in pieces, until their message takes them. Trusts nothing that the other end says. */
export class Inbox {
	readonly #arrays = new Map<number, Incoming>();
	readonly #mostBytes: number;
	#kept = 0;

	/** @param mostBytes of all pieces that no message has taken yet */
	constructor({ mostBytes = Infinity }: { readonly mostBytes?: number } = {}) {
		this.#mostBytes = mostBytes;
	}

	/** Puts a piece where it belongs; throws ENGINE_DIED for one that no channel sends. */
	keep(packet: Readonly<Record<keyof Piece, unknown>>): void {
		const { piece, id, offset, length } = packet;
		if (!types.isUint8Array(piece)) throw unexpected('a piece of bytes', piece);
		if (!isWhole(id, Number.MAX_SAFE_INTEGER)) throw unexpected('a piece with a number', id);
		if (!isWhole(length, LONGEST) || length === 0)
			throw unexpected(`an array of 1 to ${LONGEST} bytes`, length);
		const array = this.#arrays.get(id) ?? { length, received: 0, early: [], whole: undefined };
		if (length !== array.length) throw unexpected(`an array of ${array.length} bytes`, length);
		if (offset !== array.received) throw unexpected(`a piece at byte ${array.received}`, offset);
		const due = Math.min(PIECE_BYTES, length - array.received);
		if (due === 0 || piece.length !== due) throw unexpected(`a piece of ${due} bytes`, piece.length);
		this.#kept += piece.length + OVERHEAD_BYTES;
		if (this.#kept > this.#mostBytes)
			throw unexpected(`a message with at most ${this.#mostBytes} bytes`, this.#kept);
		this.#arrays.set(id, array);
		add(array, piece);
	}

	/** Hands out an array that is there in full; throws ENGINE_DIED when it is not. */
	take(id: number): Uint8Array {
		const array = this.#arrays.get(id);
		if (array?.whole === undefined || array.received < array.length)
			throw unexpected('all bytes of an array before its message', array?.received ?? 0);
		this.#arrays.delete(id);
		return array.whole;
	}

	/** Forgets what no message took. */
	clear(): void {
		this.#kept = 0;
		this.#arrays.clear();
	}
}

/** Error for a packet that breaks the protocol. */
export function unexpected(expected: string, found: unknown): DinomalyError {
	return new DinomalyError(
		'ENGINE_DIED',
		`Expected ${expected} from the other process, found ${typeof found === 'number' ? found : kindOf(found)}`,
		{ hint: 'The next call starts a fresh engine; report this when it happens again.' },
	);
}

function add(array: Incoming, piece: Uint8Array): void {
	const at = array.received;
	array.received += piece.length;
	if (array.whole === undefined && array.received * MOST_CLAIMED < array.length) {
		array.early.push(piece);
		return;
	}
	if (array.whole === undefined) {
		array.whole = new Uint8Array(array.length);
		for (const [i, early] of array.early.entries()) array.whole.set(early, i * PIECE_BYTES);
		array.early.length = 0;
	}
	array.whole.set(piece, at);
}

/** Such as Null, Array or String: the value itself may be of any size. */
function kindOf(value: unknown): string {
	return Object.prototype.toString.call(value).slice('[object '.length, -1).slice(0, 40);
}

function isWhole(value: unknown, most: number): value is number {
	return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most;
}
