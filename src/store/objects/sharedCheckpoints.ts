import { randomUUID } from 'node:crypto';
import { DinomalyError } from '../../errors';
import { readDigests } from '../digestFields';
import type { FileDigest } from '../../files/digest';
import { checkSchema } from '../jsonFields';
import { validateName } from '../names';
import type { Bucket } from './bucket';
import { checkpointKey, checkpointsKey } from './keys';
import { parseDocument } from './ledger';

/** A checkpoint in the bucket: what to fetch and what it must hold. */
export interface SharedCheckpoint {
	readonly step: number;
	readonly upload: string;
	readonly files: Readonly<Record<string, FileDigest>>;
}

/** A file on this machine that is to go up. */
export interface OutgoingFile extends FileDigest {
	readonly path: string;
}

const DOCUMENT = 'checkpoint.json';
const SCHEMA_VERSION = 1;
const UPLOAD = /^[0-9a-f-]{36}$/;

/**
 * The newest checkpoint of a model's training in the bucket, so that another machine can go on with it. Files go up first, the document that
 * names them last. Nobody holds a lock there: two machines that train the same model replace each other's, and what one of them took away under the
 * other is found to be missing.
 */
export class SharedCheckpoints {
	constructor(
		private readonly bucket: Bucket,
		private readonly model: string,
	) {}

	/** Puts a checkpoint in the place of the one before. Throws STORE_UNREACHABLE or STORE_REFUSED. */
	async put(step: number, files: Readonly<Record<string, OutgoingFile>>): Promise<void> {
		const upload = randomUUID();
		const digests: Record<string, FileDigest> = {};
		for (const [name, { path, sha256, bytes }] of Object.entries(files)) {
			digests[name] = { sha256, bytes };
			await this.bucket.upload(
				this.#keyOf(`${upload}/${validateName(name, 'file')}`),
				path,
				digests[name],
			);
		}
		const document = { schemaVersion: SCHEMA_VERSION, step, upload, files: digests };
		await this.bucket.put(this.#keyOf(DOCUMENT), Buffer.from(`${JSON.stringify(document)}\n`));
		await this.#removeOthers(upload);
	}

	/** The checkpoint that is there; undefined when there is none. Throws MODEL_INVALID, STORE_UNREACHABLE or STORE_REFUSED. */
	async newest(): Promise<SharedCheckpoint | undefined> {
		const key = this.#keyOf(DOCUMENT);
		const found = await this.bucket.get(key);
		if (found === undefined) return undefined;
		const source = `${this.bucket.what}/${key}`;
		const fields = parseDocument(found.bytes, source);
		checkSchema(fields, SCHEMA_VERSION, source);
		const upload = fields.text('upload');
		if (!UPLOAD.test(upload)) throw fields.unexpected('upload', 'the id of an upload');
		return { step: fields.count('step'), upload, files: readDigests(fields.object('files'), DOCUMENT) };
	}

	/** Writes one of its files to a new path. Throws HASH_MISMATCH for one that is gone or another, and as `newest`. */
	async fetch({ upload, files }: SharedCheckpoint, name: string, path: string): Promise<void> {
		const key = this.#keyOf(`${upload}/${name}`);
		const expected = Object.hasOwn(files, name) ? files[name].sha256 : undefined;
		const found = expected === undefined ? undefined : await this.bucket.download(key, path);
		if (found !== undefined && found.sha256 === expected) return;
		throw new DinomalyError(
			'HASH_MISMATCH',
			`Expected ${this.bucket.what}/${key} as its checkpoint names it, found ${found === undefined ? 'nothing' : 'another content'}`,
			{ hint: 'Start this training again without resuming.' },
		);
	}

	/** Forgets the training. */
	async clear(): Promise<void> {
		const keys = (await this.bucket.list(this.#keyOf(''))).map(({ key }) => key);
		// The document first: what it names must be there as long as it is.
		await this.bucket.delete(keys.filter((key) => key.endsWith(`/${DOCUMENT}`)));
		await this.bucket.delete(keys);
	}

	/** Those before, and what machines that died in the middle had begun. */
	async #removeOthers(upload: string): Promise<void> {
		const keys = (await this.bucket.list(this.#keyOf(''))).map(({ key }) => key);
		const kept = [this.#keyOf(DOCUMENT), this.#keyOf(`${upload}/`)];
		await this.bucket.delete(keys.filter((key) => !kept.some((start) => key.startsWith(start))));
	}

	#keyOf(rest: string): string {
		return rest === '' ? checkpointsKey(this.model) : checkpointKey(this.model, rest);
	}
}
