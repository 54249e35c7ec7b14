import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type * as ClientS3 from '@aws-sdk/client-s3';
import type { GetObjectCommandOutput, PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3';
import { DinomalyError } from '../../errors';
import type { FileDigest } from '../../files/digest';
import { explainWriteError } from '../../files/diskError';
import { explainBucketError, statusOf } from './bucketErrors';
import { describeConnection, type StoreConnection } from './connection';

/** A small object with the mark that changes with its content. */
export interface StoredObject {
	readonly bytes: Buffer;
	readonly etag: string;
}

export interface ListedObject {
	/** Without the prefix of the store. */
	readonly key: string;
	readonly etag: string;
	readonly bytes: number;
	readonly modified: Date;
}

/** What must hold for a write to be done: the object is as it was read, or is not there yet. */
export type WriteCondition = { readonly ifMatch: string } | { readonly ifAbsent: true };

type Sdk = typeof ClientS3;

/** The server may be far away and busy; a transfer that stands still for so long is dead. */
const IDLE_MS = 60_000;
const CONNECT_MS = 10_000;
/** A cut connection costs a second, a dead server ends the work after a few. */
const TRIES = 3;
const FIRST_PAUSE_MS = 300;
/** Documents of a store; model files are never held in memory. */
const MAX_DOCUMENT_BYTES = 256 << 20;
const DELETED_AT_ONCE = 500;
/** The answer of servers that know the older checksum only, such as S3Proxy. */
const NOT_IMPLEMENTED = 501;
const SILENT = {
	debug: () => undefined,
	info: () => undefined,
	warn: () => undefined,
	error: () => undefined,
};

/** The part of a bucket that is one store. The only importer of Amazon's client, which is loaded when it is first needed. */
export class Bucket {
	readonly what: string;
	readonly #connection: StoreConnection;
	readonly #idleMs: number;
	#opened: Promise<{ readonly sdk: Sdk; readonly client: S3Client }> | undefined;

	constructor(connection: StoreConnection, { idleMs = IDLE_MS }: { readonly idleMs?: number } = {}) {
		this.#connection = connection;
		this.#idleMs = idleMs;
		this.what = describeConnection(connection);
	}

	/** Undefined when there is no such object. Throws STORE_UNREACHABLE or STORE_REFUSED, as all do. */
	async get(key: string): Promise<StoredObject | undefined> {
		return this.#patiently(async () => {
			const found = await this.#open(key);
			if (found?.Body === undefined) return undefined;
			if ((found.ContentLength ?? 0) > MAX_DOCUMENT_BYTES)
				throw new DinomalyError(
					'MODEL_INVALID',
					`Expected a document of the store at ${this.what}/${key}, found ${found.ContentLength ?? 0} bytes`,
				);
			return { bytes: Buffer.from(await found.Body.transformToByteArray()), etag: found.ETag ?? '' };
		});
	}

	/** Writes an object into a new file and returns what it holds; undefined when there is none. Throws DISK_FULL too. */
	async download(key: string, path: string): Promise<FileDigest | undefined> {
		return this.#patiently(async () => {
			const found = await this.#open(key);
			if (found?.Body === undefined) return undefined;
			const hash = createHash('sha256');
			let bytes = 0;
			await rm(path, { force: true }); // what a cut connection left
			const file = await open(path, 'wx').catch(async (error: unknown) => {
				throw await explainWriteError(error, path);
			});
			try {
				for await (const piece of found.Body as Readable as AsyncIterable<Buffer>) {
					hash.update(piece);
					bytes += piece.length;
					await file.writeFile(piece).catch(async (error: unknown) => {
						throw await explainWriteError(error, path);
					});
				}
				await file.sync();
			} finally {
				await file.close();
			}
			return { sha256: hash.digest('hex'), bytes };
		});
	}

	/**
	 * Writes a document; undefined when the condition does not hold. Returns its new mark. When an answer is lost on its way, a write that was
	 * done is found not to hold: callers look at what is there.
	 */
	async put(key: string, bytes: Uint8Array, condition?: WriteCondition): Promise<string | undefined> {
		const { sdk, client } = await this.#client();
		const { bucket } = this.#connection;
		return this.#patiently(async () => {
			try {
				const { ETag } = await client.send(
					new sdk.PutObjectCommand({
						Bucket: bucket,
						Key: this.#keyOf(key),
						Body: bytes,
						ContentLength: bytes.length,
						ContentType: 'application/json',
						...(condition !== undefined &&
							('ifMatch' in condition ? { IfMatch: condition.ifMatch } : { IfNoneMatch: '*' })),
					}),
				);
				return ETag ?? '';
			} catch (error) {
				const status = statusOf(error);
				// 409: somebody else writes it at this moment; 404: what should be replaced is gone.
				const isUnmet = status === 412 || status === 409 || (status === 404 && !isNoBucket(error));
				if (condition !== undefined && isUnmet) return undefined;
				throw error;
			}
		});
	}

	/** Writes a file as it is on the disk; the server refuses it when it does not arrive whole. */
	async upload(key: string, path: string, { sha256, bytes }: FileDigest): Promise<void> {
		const { sdk, client } = await this.#client();
		const { bucket } = this.#connection;
		const send = async (
			checksum: Pick<PutObjectCommandInput, 'ChecksumSHA256' | 'ContentMD5'>,
		): Promise<void> => {
			const stream = createReadStream(path);
			try {
				await client.send(
					new sdk.PutObjectCommand({
						Bucket: bucket,
						Key: this.#keyOf(key),
						Body: stream,
						ContentLength: bytes,
						...checksum,
					}),
				);
			} finally {
				stream.destroy();
			}
		};
		await this.#patiently(async () => {
			try {
				await send({ ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64') });
			} catch (error) {
				if (statusOf(error) !== NOT_IMPLEMENTED) throw error;
				await send({ ContentMD5: await md5Of(path) });
			}
		});
	}

	/** Objects whose key starts with `start`, by key. */
	async list(start: string): Promise<ListedObject[]> {
		const { sdk, client } = await this.#client();
		const { bucket } = this.#connection;
		const found: ListedObject[] = [];
		let token: string | undefined;
		do {
			const page = await this.#patiently(() =>
				client.send(
					new sdk.ListObjectsV2Command({
						Bucket: bucket,
						Prefix: this.#keyOf(start),
						ContinuationToken: token,
					}),
				),
			);
			for (const { Key = '', ETag = '', Size = 0, LastModified } of page.Contents ?? [])
				found.push({
					key: Key.slice(this.#keyOf('').length),
					etag: ETag,
					bytes: Size,
					modified: LastModified ?? new Date(0),
				});
			token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
		} while (token !== undefined);
		return found;
	}

	async delete(keys: readonly string[]): Promise<void> {
		const { sdk, client } = await this.#client();
		const { bucket } = this.#connection;
		for (let at = 0; at < keys.length; at += DELETED_AT_ONCE)
			await Promise.all(
				keys
					.slice(at, at + DELETED_AT_ONCE)
					.map((key) =>
						this.#patiently(() =>
							client.send(
								new sdk.DeleteObjectCommand({ Bucket: bucket, Key: this.#keyOf(key) }),
							),
						),
					),
			);
	}

	async #open(key: string): Promise<GetObjectCommandOutput | undefined> {
		const { sdk, client } = await this.#client();
		try {
			return await client.send(
				new sdk.GetObjectCommand({ Bucket: this.#connection.bucket, Key: this.#keyOf(key) }),
			);
		} catch (error) {
			if (statusOf(error) === 404 && !isNoBucket(error)) return undefined;
			throw error;
		}
	}

	/** Tries again what may be done twice, when nothing answered or the answer broke off. */
	async #patiently<T>(request: () => Promise<T>): Promise<T> {
		for (let attempt = 1; ; attempt++) {
			try {
				return await request();
			} catch (error) {
				const explained = explainBucketError(error, this.what);
				if (explained.code !== 'STORE_UNREACHABLE' || attempt === TRIES) throw explained;
				await pause(FIRST_PAUSE_MS * 2 ** (attempt - 1));
			}
		}
	}

	#keyOf(key: string): string {
		const { prefix } = this.#connection;
		return prefix === '' ? key : `${prefix}/${key}`;
	}

	async #client(): Promise<{ readonly sdk: Sdk; readonly client: S3Client }> {
		this.#opened ??= this.#connect();
		return this.#opened;
	}

	async #connect(): Promise<{ readonly sdk: Sdk; readonly client: S3Client }> {
		const sdk = await import('@aws-sdk/client-s3');
		const { endpoint, region, accessKeyId, secretAccessKey, pathStyle } = this.#connection;
		const client = new sdk.S3Client({
			region,
			...(endpoint !== '' && { endpoint }),
			forcePathStyle: pathStyle,
			credentials: { accessKeyId, secretAccessKey },
			// Many servers do not know the checksums that the client would add to every request.
			requestChecksumCalculation: 'WHEN_REQUIRED',
			responseChecksumValidation: 'WHEN_REQUIRED',
			// Not its `requestTimeout`: that one only warns, and would count the time of a large file that is on its way.
			requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: this.#idleMs },
			maxAttempts: 1, // `#patiently` tries again, files too
			logger: SILENT, // it warns on the console otherwise
		});
		return { sdk, client };
	}
}

function isNoBucket(error: unknown): boolean {
	return (error as { readonly name?: unknown } | undefined)?.name === 'NoSuchBucket';
}

async function md5Of(path: string): Promise<string> {
	const hash = createHash('md5');
	for await (const piece of createReadStream(path) as AsyncIterable<Buffer>) hash.update(piece);
	return hash.digest('base64');
}
