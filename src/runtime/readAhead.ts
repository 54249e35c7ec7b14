/** Work in flight beside the item in hand: decoding runs on other threads while the model holds this one. */
const AHEAD = 3;

/** Results of `start` in the order of the items, a few started ahead of the one that is awaited. */
export async function* readAhead<T, R>(
	items: readonly T[],
	start: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
	const pending: Promise<R>[] = [];
	let next = 0;
	while (pending.length > 0 || next < items.length) {
		while (next < items.length && pending.length <= AHEAD) {
			const started = start(items[next++]);
			// Its failure is thrown where it is awaited, and must not count as unhandled before.
			started.catch(() => undefined);
			pending.push(started);
		}
		const first = pending.shift();
		if (first) yield await first;
	}
}
