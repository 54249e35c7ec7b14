import { parseCard, type ModelCard } from '../card';
import { checkSchema } from '../jsonFields';
import { versionMissing } from '../missing';
import type { StagedVersion } from '../stagedVersion';
import type { Bucket } from './bucket';
import { versionKey } from './keys';
import { parseDocument } from './ledger';
import type { ModelState, ModelStates } from './modelStates';

/** The document that makes a version visible: its card, and where its files are. */
export interface VersionDocument {
	readonly upload: string;
	readonly card: ModelCard;
}

const SCHEMA_VERSION = 1;
const UPLOAD = /^[0-9a-f-]{36}$/;

/** The documents of versions: written once, emptied when a version is removed, and otherwise never changed. */
export class VersionDocuments {
	/** By model, number and mark. */
	readonly #read = new Map<string, VersionDocument>();

	constructor(
		private readonly bucket: Bucket,
		private readonly states: ModelStates,
	) {}

	/** Throws MODEL_NOT_FOUND when it was removed meanwhile, and MODEL_INVALID. */
	async read(name: string, number: number, { live }: ModelState): Promise<VersionDocument> {
		const known = `${name}/${number}/${live.get(number) ?? ''}`;
		const cached = this.#read.get(known);
		if (cached !== undefined) return cached;
		const key = versionKey(name, String(number));
		const source = `${this.bucket.what}/${key}`;
		const found = await this.bucket.get(key);
		if (found === undefined || found.bytes.length === 0)
			throw versionMissing(name, String(number), { versions: [...live.keys()] });
		const fields = parseDocument(found.bytes, source);
		checkSchema(fields, SCHEMA_VERSION, source);
		const upload = fields.text('upload');
		if (!UPLOAD.test(upload)) throw fields.unexpected('upload', 'the id of an upload');
		const card = parseCard(fields.object('card'), source);
		if (card.name !== name || card.version !== String(number))
			throw fields.unexpected('card', `that of "${name}" version ${number}`);
		const document = { upload, card };
		this.#read.set(known, document);
		return document;
	}

	/** Writes the document of a version whose files are uploaded under the first number that is free. */
	async claim(
		name: string,
		staged: StagedVersion,
		upload: string,
	): Promise<{ readonly version: string; readonly etag: string }> {
		for (;;) {
			const version = String((await this.states.of(name, { fresh: true })).last + 1);
			const document = { schemaVersion: SCHEMA_VERSION, upload, card: staged.cardFor(version) };
			const key = versionKey(name, version);
			const bytes = Buffer.from(`${JSON.stringify(document)}\n`);
			const etag = await this.bucket.put(key, bytes, { ifAbsent: true });
			this.states.forget(name);
			if (etag !== undefined) return { version, etag };
			// Taken by another process, or by ourselves when the answer was lost on its way.
			const found = await this.bucket.get(key);
			if (found?.bytes.equals(bytes) === true) return { version, etag: found.etag };
		}
	}

	/** Empties a document, so that its number stays taken. Returns the upload that it named; undefined when it was empty or never there. */
	async empty(name: string, number: number): Promise<string | undefined> {
		const key = versionKey(name, String(number));
		const found = await this.bucket.get(key);
		if (found === undefined || found.bytes.length === 0) return undefined;
		await this.bucket.put(key, Buffer.alloc(0));
		return uploadNamedIn(found.bytes);
	}
}

/** Whatever else is wrong with the document. */
function uploadNamedIn(document: Buffer): string {
	try {
		return String((JSON.parse(document.toString('utf8')) as { upload?: unknown }).upload);
	} catch {
		return '';
	}
}
