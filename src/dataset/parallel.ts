/**
 * Applies `work` to every item, at most `limit` at a time, and returns the results in the items' order.
 * The first failure stops the rest.
 */
export async function mapLimited<T, R>(
	items: readonly T[],
	work: (item: T, index: number) => Promise<R>,
	options: { limit: number; signal?: AbortSignal; onProgress?: (done: number, total: number) => void },
): Promise<R[]> {
	const { limit, signal, onProgress } = options;
	const results = new Array<R>(items.length);
	let next = 0;
	let done = 0;
	let failed = false;
	const worker = async (): Promise<void> => {
		while (next < items.length && !failed) {
			const index = next++;
			try {
				signal?.throwIfAborted();
				results[index] = await work(items[index], index);
			} catch (error) {
				failed = true;
				throw error;
			}
			onProgress?.(++done, items.length);
		}
	};
	await Promise.all(Array.from({ length: Math.max(1, Math.min(limit, items.length)) }, worker));
	return results;
}
