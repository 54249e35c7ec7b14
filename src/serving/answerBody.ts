/** Far more than a map and an embedding take; an answer beyond it is there to fill the memory. */
const LARGEST_BYTES = 256 << 20;

/** All of an answer; null when it is larger than any that makes sense. */
export async function readBody({ body }: Response): Promise<Buffer | null> {
	if (body === null) return Buffer.alloc(0);
	const pieces: Uint8Array[] = [];
	let total = 0;
	for await (const piece of body as unknown as AsyncIterable<Uint8Array>) {
		total += piece.length;
		// Leaving the loop closes the connection.
		if (total > LARGEST_BYTES) return null;
		pieces.push(piece);
	}
	return Buffer.concat(pieces);
}
