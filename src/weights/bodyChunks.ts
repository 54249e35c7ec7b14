import { DinomalyError } from '../errors';
import { broken, describeUrl, Interruption, networkCode } from './hubFailures';

interface ReadContext {
	readonly url: URL;
	readonly limits: { readonly idleTimeoutMs: number };
	readonly signal?: AbortSignal;
}

/** What a server sends, piece by piece; throws Interruption for a broken or silent connection, and lets an abort come through as it is. */
export async function* readChunks(
	body: ReadableStream<Uint8Array>,
	{ url, limits, signal }: ReadContext,
): AsyncGenerator<Uint8Array> {
	const reader = body.getReader();
	try {
		for (;;) {
			const { done, value } = await withinTime(reader.read(), limits.idleTimeoutMs);
			signal?.throwIfAborted();
			if (done) return;
			yield value;
		}
	} catch (cause) {
		if (cause instanceof DinomalyError || signal?.aborted === true) throw cause;
		const found =
			cause instanceof IdleError
				? `silence for ${limits.idleTimeoutMs / 1000} s`
				: `a broken connection (${networkCode(cause)})`;
		throw new Interruption(broken(`Expected all of ${describeUrl(url)}, found ${found}`, cause));
	} finally {
		await reader.cancel().catch(() => undefined); // the connection is of no more use, however it ends
	}
}

class IdleError extends Error {}

async function withinTime<T>(work: Promise<T>, limitMs: number): Promise<T> {
	let timer: NodeJS.Timeout | undefined;
	const limit = new Promise<never>((_, reject) => {
		timer = setTimeout(() => {
			reject(new IdleError());
		}, limitMs);
	});
	try {
		return await Promise.race([work, limit]);
	} finally {
		clearTimeout(timer);
	}
}
