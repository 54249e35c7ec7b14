import { randomUUID } from 'node:crypto';
import { DinomalyError } from '../../errors';
import { Bucket } from './bucket';
import type { StoreConnection } from './connection';
import { NAMES } from './keys';

/**
 * Some servers look at the condition first and write later: one writer at a time finds them right, two at once do not. S3Proxy over a folder let
 * both through in five rounds of twelve; more writers found no more, and waited seconds for each other in SeaweedFS.
 */
const WRITERS = 2;
const ROUNDS = 6;

/** Connections of this process whose server was found to keep conditions. */
const trusted = new WeakSet<StoreConnection>();

/**
 * Makes sure, once for each connection of this process, that the server refuses a write whose condition does not hold: without that two
 * machines could take the same version number, or overrun each other's aliases. Throws STORE_REFUSED where it does not.
 */
export async function requireConditionalWrites(bucket: Bucket, connection: StoreConnection): Promise<void> {
	if (trusted.has(connection)) return;
	const key = `.probe/${randomUUID()}`;
	try {
		const first = await bucket.put(key, Buffer.from('1'), { ifAbsent: true });
		const second = await bucket.put(key, Buffer.from('2'), { ifAbsent: true });
		if (first === undefined || second !== undefined) throw noConditions(bucket.what, 'If-None-Match');
		const third = await bucket.put(key, Buffer.from('3'), { ifMatch: first });
		const fourth = await bucket.put(key, Buffer.from('4'), { ifMatch: first });
		if (third === undefined || fourth !== undefined) throw noConditions(bucket.what, 'If-Match');
		await requireOneWinner(bucket, key, third);
	} finally {
		await bucket.delete([key]).catch(() => undefined); // a key that may write but not delete leaves a byte behind
	}
	trusted.add(connection);
}

/** `mark` is that of the object. */
async function requireOneWinner(bucket: Bucket, key: string, mark: string): Promise<void> {
	let ifMatch = mark;
	for (let round = 0; round < ROUNDS; round++) {
		const attempts = Array.from({ length: WRITERS }, (_, i) =>
			bucket.put(key, Buffer.from(`${round}, ${i}`), { ifMatch }),
		);
		const winners = (await Promise.all(attempts)).filter((etag) => etag !== undefined);
		if (winners.length > 1) throw noConditions(bucket.what, 'If-Match', ' when several write at once');
		ifMatch = winners[0] ?? ifMatch;
	}
}

/** What a person who sets up a connection wants to know: what works with it, in a sentence. Throws what does not work. */
export async function tryConnection(connection: StoreConnection): Promise<string> {
	const bucket = new Bucket(connection);
	const models = await bucket.list(NAMES);
	const found = `${models.length === 1 ? '1 model' : `${models.length} models`} in ${bucket.what}`;
	try {
		await requireConditionalWrites(bucket, connection);
	} catch (error) {
		if (
			!(error instanceof DinomalyError) ||
			error.code !== 'STORE_REFUSED' ||
			error.message.includes('If-')
		)
			throw error;
		return `${found}; these keys may read and not write, which is enough to score`;
	}
	return `${found}; these keys may read and write`;
}

function noConditions(what: string, header: string, when = ''): DinomalyError {
	return new DinomalyError(
		'STORE_REFUSED',
		`Expected the object storage of ${what} to keep the condition ${header} of a write${when}, found that it does not`,
		{
			hint: 'Two machines could overwrite each other there. Use a server that supports conditional writes, such as Amazon S3, Cloudflare R2 or MinIO, in a current version.',
		},
	);
}
