import { inFlight } from './inFlight';

/** Work in flight beside the item in hand: decoding runs on other threads while the model holds this one. */
const AHEAD = 3;

/** Results of `start` in the order of the items, a few started ahead of the one that is awaited. */
export function readAhead<T, R>(
	items: readonly T[],
	start: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
	return inFlight(items, 1 + AHEAD, start);
}
