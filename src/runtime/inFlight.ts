/**
 * Results of `start` in the order of the items, `atOnce` of them under way at a time. The next item is taken before the first result is
 * given, for as long as there is room.
 */
export async function* inFlight<T, R>(
	items: Iterable<T> | AsyncIterable<T>,
	atOnce: number,
	start: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
	const pending: Promise<R>[] = [];
	for await (const item of items) {
		const started = start(item);
		// Its failure is thrown where it is awaited, and must not count as unhandled before.
		started.catch(() => undefined);
		pending.push(started);
		if (pending.length < atOnce) continue;
		const first = pending.shift();
		if (first) yield await first;
	}
	for (const one of pending) yield await one;
}
