import { randomUUID } from 'node:crypto';
import { join, resolve as absolutePath } from 'node:path';
import { DinomalyError } from '../../errors';
import { writeFileAtomic } from '../../files/atomicFile';
import { DigestChecker, type FileDigest } from '../../files/digest';
import { newMove, tidyWords } from '../aliasMove';
import { aliasesOn, chooseVersion, type ChosenVersion } from '../chooseVersion';
import { CARD_FILE, parseCard, type ModelCard } from '../card';
import { checkSchema } from '../jsonFields';
import {
	aliasMissing,
	aliasMoved,
	caseTwin,
	modelMissing,
	notOneVersion,
	stillAliased,
	versionMissing,
} from '../missing';
import type {
	AliasMove,
	ModelDraft,
	ModelStore,
	ModelSummary,
	MoveOptions,
	MoveReason,
	OpenedModel,
	RemoveOptions,
	ResolvedModel,
	VersionSummary,
} from '../modelStore';
import { isName, parseRef, validateName, type ModelRef } from '../names';
import { storeLayout, type StoreLayout } from '../paths';
import type { PromotionGate } from '../promotionGate';
import { StagedVersion } from '../stagedVersion';
import { draftOfFolder, readVersion } from '../versionFolder';
import { Bucket } from './bucket';
import type { StoreConnection } from './connection';
import { ledgerKey, NAMES, numberOf, uploadKey, uploadsKey, versionKey, versionsKey } from './keys';
import { LedgerObject, moved, parseDocument, type Ledger, type LedgerChange } from './ledger';
import { requireConditionalWrites } from './probe';
import { VersionCache } from './versionCache';

/** The document that makes a version visible: its card, and where its files are. */
interface VersionDocument {
	readonly upload: string;
	readonly card: ModelCard;
}

/** A model as it is in the bucket at one moment. */
interface ModelState {
	/** Ascending; number to the mark of its document. */
	readonly live: ReadonlyMap<number, string>;
	/** The highest number that is or was. */
	readonly last: number;
	readonly ledger: Ledger;
}

const SCHEMA_VERSION = 1;
/** Readers ask the server again after this long: each image scored would ask it otherwise. */
const FRESH_MS = 1000;
/** An upload that no version names after this long was cut off: nobody uploads a model for a day. */
const LEFT_BEHIND_MS = 86_400_000;
const UPLOAD = /^[0-9a-f-]{36}$/;

/**
 * Models in object storage, for any number of machines. `names/<name>` lists them; below `models/<name>/`:
 *
 * - `uploads/<id>/<file>`: the files of a version, uploaded first;
 * - `versions/<number>.json`: the document that names them, written last and only if the number is free, so that a version is there whole or
 *   not at all. An empty one is a number that was removed and is never given again;
 * - `ledger.json`: aliases, their history, gates and removed versions, replaced only if nobody else has replaced it meanwhile.
 *
 * `folder` holds local copies, checked against their hashes each time they are opened.
 */
export class ObjectStore implements ModelStore {
	readonly layout: StoreLayout;
	readonly #bucket: Bucket;
	readonly #connection: StoreConnection;
	readonly #cache: VersionCache;
	readonly #checker = new DigestChecker();
	readonly #states = new Map<string, { readonly at: number; readonly state: Promise<ModelState> }>();
	/** Documents never change: by model, number and mark. */
	readonly #documents = new Map<string, VersionDocument>();
	readonly #copying = new Map<string, Promise<void>>();

	constructor(folder: string, connection: StoreConnection) {
		this.layout = storeLayout(folder);
		this.#connection = connection;
		this.#bucket = new Bucket(connection);
		this.#cache = new VersionCache(this.layout, connection.cacheBytes);
	}

	async list(): Promise<ModelSummary[]> {
		const summaries = await Promise.all((await this.#names()).map((name) => this.#summarise(name)));
		return summaries.filter((summary) => summary !== undefined);
	}

	async versions(name: string): Promise<VersionSummary[]> {
		const state = await this.#existing(validateName(name, 'model'));
		const summarise = async (number: number): Promise<VersionSummary> => {
			const version = String(number);
			const aliases = aliasesOn(state.ledger.aliases, version);
			try {
				return { version, aliases, card: (await this.#document(name, number, state)).card };
			} catch (error) {
				return { version, aliases, problem: problemOf(error) };
			}
		};
		return Promise.all([...state.live.keys()].map(summarise));
	}

	async resolve(ref: string): Promise<ResolvedModel> {
		const parsed = parseRef(ref);
		const { name } = parsed;
		try {
			const { version, alias } = await this.#choose(parsed);
			return {
				name,
				version,
				path: this.#cache.pathOf(name, version),
				...(alias !== undefined && { alias }),
			};
		} catch (error) {
			if (!isUnreachable(error) || parsed.kind !== 'version') throw error;
			// A version never changes: its copy serves while the server is away.
			if (!(await this.#cache.has(name, parsed.version))) throw error;
			return { name, version: parsed.version, path: this.#cache.pathOf(name, parsed.version) };
		}
	}

	async open(ref: string): Promise<OpenedModel> {
		const resolved = await this.resolve(ref);
		await this.#haveCopy(resolved);
		const read = await readVersion({ root: this.layout.root, ...resolved }, this.#checker);
		return { ...resolved, ...read };
	}

	async aliases(name: string): Promise<Readonly<Record<string, string>>> {
		return (await this.#existing(validateName(name, 'model'))).ledger.aliases;
	}

	async publish(name: string, draft: ModelDraft): Promise<OpenedModel> {
		validateName(name, 'model');
		await requireConditionalWrites(this.#bucket, this.#connection);
		await this.#register(name);
		const staged = await StagedVersion.write(this.layout.staging, name, draft);
		try {
			const upload = randomUUID();
			for (const [file, digest] of Object.entries(staged.files))
				await this.#bucket.upload(uploadKey(name, upload, file), join(staged.folder, file), digest);
			const { version, etag } = await this.#claim(name, staged, upload);
			await staged.writeCard(version);
			await this.#cache.adopt(staged.folder, { name, version, etag, bytes: totalBytes(staged.files) });
			return await this.open(`${name}@${version}`);
		} finally {
			await staged.discard();
		}
	}

	async importFolder(path: string, name?: string): Promise<OpenedModel> {
		const found = await draftOfFolder(absolutePath(path), this.#checker);
		return this.publish(name ?? found.name, found.draft);
	}

	async promote(ref: string, alias: string, { ifFrom, ...reason }: MoveOptions = {}): Promise<AliasMove> {
		validateName(alias, 'alias');
		const parsed = parseRef(ref);
		const { name } = parsed;
		const { live } = await this.#existing(name, { fresh: true });
		return this.#change(name, (ledger) => {
			// Versions that were removed since are in the ledger; whatever it says holds at the very moment of the move.
			const { version } = choose(parsed, { live: without(live, ledger), ledger });
			const from = ledger.aliases[alias] ?? null;
			if (ifFrom !== undefined && ifFrom !== from)
				throw aliasMoved(name, alias, { expected: ifFrom, found: from });
			return moved(ledger, newMove(alias, { from, to: version }, reason));
		});
	}

	async dropAlias(name: string, alias: string, reason?: MoveReason): Promise<AliasMove> {
		validateName(alias, 'alias');
		await this.#existing(validateName(name, 'model'), { fresh: true });
		return this.#change(name, (ledger) => {
			if (!Object.hasOwn(ledger.aliases, alias))
				throw aliasMissing(name, alias, Object.keys(ledger.aliases));
			return moved(ledger, newMove(alias, { from: ledger.aliases[alias], to: null }, reason));
		});
	}

	async history(name: string): Promise<AliasMove[]> {
		return [...(await this.#ledger(validateName(name, 'model')).read()).history];
	}

	async gates(name: string): Promise<Readonly<Record<string, PromotionGate>>> {
		return (await this.#ledger(validateName(name, 'model')).read()).gates;
	}

	async setGate(name: string, alias: string, gate: PromotionGate): Promise<void> {
		validateName(alias, 'alias');
		await this.#existing(validateName(name, 'model'), { fresh: true });
		const { rules, at } = gate;
		await this.#change(name, (ledger) => ({
			ledger: { ...ledger, gates: { ...ledger.gates, [alias]: { rules, at, ...tidyWords(gate) } } },
			result: undefined,
		}));
	}

	async remove(ref: string, { force = false, ...reason }: RemoveOptions = {}): Promise<void> {
		const parsed = parseRef(ref);
		if (parsed.kind !== 'version') throw notOneVersion(ref, parsed.name);
		const { name, version } = parsed;
		const { live } = await this.#existing(name, { fresh: true });
		await this.#change(name, (ledger) => {
			choose(parsed, { live: without(live, ledger), ledger });
			const aliases = aliasesOn(ledger.aliases, version);
			if (aliases.length > 0 && !force) throw stillAliased(ref, aliases);
			const left = aliases.reduce(
				(now, alias) => moved(now, newMove(alias, { from: version, to: null }, reason)).ledger,
				ledger,
			);
			return { ledger: { ...left, removed: [...left.removed, Number(version)] }, result: undefined };
		});
		await this.#bury(name, [Number(version)]);
	}

	async removeModel(name: string, { force = false }: { readonly force?: boolean } = {}): Promise<void> {
		const { live } = await this.#existing(validateName(name, 'model'), { fresh: true });
		await this.#change(name, (ledger) => {
			const aliases = Object.keys(ledger.aliases);
			if (aliases.length > 0 && !force) throw stillAliased(name, aliases);
			const left = aliases.reduce(
				(now, alias) => moved(now, newMove(alias, { from: now.aliases[alias], to: null })).ledger,
				ledger,
			);
			const removed = [...new Set([...left.removed, ...live.keys()])];
			return { ledger: { ...left, gates: {}, removed }, result: undefined };
		});
		await this.#bury(name, [...live.keys()]);
	}

	/** Writes the document of a version under the first number that is free. */
	async #claim(
		name: string,
		staged: StagedVersion,
		upload: string,
	): Promise<{ readonly version: string; readonly etag: string }> {
		for (;;) {
			const version = String((await this.#state(name, { fresh: true })).last + 1);
			const document = { schemaVersion: SCHEMA_VERSION, upload, card: staged.cardFor(version) };
			const key = versionKey(name, version);
			const bytes = Buffer.from(`${JSON.stringify(document)}\n`);
			const etag = await this.#bucket.put(key, bytes, { ifAbsent: true });
			this.#states.delete(name);
			if (etag !== undefined) return { version, etag };
			// Taken by another process, or by ourselves when the answer was lost on its way.
			const found = await this.#bucket.get(key);
			if (found?.bytes.equals(bytes) === true) return { version, etag: found.etag };
		}
	}

	/** Empties the documents of removed versions, deletes their files, and those of uploads that were cut off. */
	async #bury(name: string, numbers: readonly number[]): Promise<void> {
		const buried = new Set<string>();
		for (const number of numbers) {
			const key = versionKey(name, String(number));
			const found = await this.#bucket.get(key);
			if (found !== undefined && found.bytes.length > 0) {
				buried.add(uploadNamedIn(found.bytes));
				await this.#bucket.put(key, Buffer.alloc(0));
			}
			await this.#cache.forget(name, String(number));
		}
		this.#states.delete(name);
		const state = await this.#state(name, { fresh: true });
		const used = new Set<string>();
		for (const number of state.live.keys()) {
			// What cannot be read may use any of them.
			const document = await this.#document(name, number, state).catch(() => undefined);
			if (document === undefined) return;
			used.add(document.upload);
		}
		const start = uploadsKey(name);
		const files = (await this.#bucket.list(start)).map((object) => ({
			...object,
			upload: object.key.slice(start.length).split('/')[0],
		}));
		const isOld = ({ modified }: { readonly modified: Date }): boolean =>
			Date.now() - modified.getTime() > LEFT_BEHIND_MS;
		const young = new Set(files.filter((file) => !isOld(file)).map(({ upload }) => upload));
		const doomed = files.filter(
			({ upload }) => !used.has(upload) && (buried.has(upload) || !young.has(upload)),
		);
		await this.#bucket.delete(doomed.map(({ key }) => key));
	}

	/** Has a copy of a version on this machine. */
	async #haveCopy({ name, version, path }: ResolvedModel): Promise<void> {
		const state = await this.#state(name).catch((error: unknown) => {
			if (isUnreachable(error)) return undefined; // `resolve` has found a copy
			throw error;
		});
		const etag = state?.live.get(Number(version));
		if (state === undefined || (await this.#cache.has(name, version, etag))) return;
		const copying = this.#copying.get(path) ?? this.#copy(name, version, state);
		this.#copying.set(path, copying);
		try {
			await copying;
		} finally {
			this.#copying.delete(path);
		}
	}

	async #copy(name: string, version: string, state: ModelState): Promise<void> {
		const { upload, card } = await this.#document(name, Number(version), state);
		const etag = state.live.get(Number(version)) ?? '';
		const bytes = totalBytes(card.files);
		await this.#cache.make({ name, version, etag, bytes }, async (folder) => {
			for (const [file, digest] of Object.entries(card.files)) {
				const key = uploadKey(name, upload, validateName(file, 'file'));
				const found = await this.#bucket.download(key, join(folder, file));
				if (found?.sha256 === digest.sha256) continue;
				throw new DinomalyError(
					'HASH_MISMATCH',
					`Expected ${this.#bucket.what}/${key} to hold ${digest.bytes} bytes with sha256 ${digest.sha256}, found ${found === undefined ? 'nothing' : `${found.bytes} bytes with sha256 ${found.sha256}`}`,
					{
						hint: 'It was damaged, changed or deleted in the bucket: point the alias at another version, or train the model again.',
					},
				);
			}
			await writeFileAtomic(join(folder, CARD_FILE), `${JSON.stringify(card, null, '\t')}\n`);
		});
	}

	async #document(name: string, number: number, { live }: ModelState): Promise<VersionDocument> {
		const known = `${name}/${number}/${live.get(number) ?? ''}`;
		const cached = this.#documents.get(known);
		if (cached !== undefined) return cached;
		const key = versionKey(name, String(number));
		const source = `${this.#bucket.what}/${key}`;
		const found = await this.#bucket.get(key);
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
		this.#documents.set(known, document);
		return document;
	}

	async #summarise(name: string): Promise<ModelSummary | undefined> {
		try {
			const { live, ledger } = await this.#state(name);
			if (live.size === 0) return undefined;
			const newest = String([...live.keys()].at(-1));
			return { name, versions: live.size, newest, aliases: ledger.aliases };
		} catch (error) {
			if (isUnreachable(error)) throw error;
			return { name, versions: 0, newest: '', aliases: {}, problem: problemOf(error) };
		}
	}

	/** What was not there a moment ago may be there now. Throws MODEL_NOT_FOUND. */
	async #choose(ref: ModelRef): Promise<ChosenVersion> {
		try {
			return choose(ref, await this.#existing(ref.name));
		} catch (error) {
			if (!(error instanceof DinomalyError) || error.code !== 'MODEL_NOT_FOUND') throw error;
			return choose(ref, await this.#existing(ref.name, { fresh: true }));
		}
	}

	/** Throws MODEL_NOT_FOUND for a model without versions. */
	async #existing(name: string, { fresh = false } = {}): Promise<ModelState> {
		const state = await this.#state(name, { fresh });
		if (state.live.size > 0) return state;
		const known = (await this.list()).map((model) => model.name);
		throw modelMissing(name, this.#bucket.what, known);
	}

	#state(name: string, { fresh = false } = {}): Promise<ModelState> {
		const known = this.#states.get(name);
		if (!fresh && known !== undefined && Date.now() - known.at < FRESH_MS) return known.state;
		const state = this.#load(name);
		this.#states.set(name, { at: Date.now(), state });
		state.catch(() => {
			if (this.#states.get(name)?.state === state) this.#states.delete(name);
		});
		return state;
	}

	async #load(name: string): Promise<ModelState> {
		const start = versionsKey(name);
		// In this order: what a promotion names was there before it.
		const ledger = await this.#ledger(name).read();
		const listed = (await this.#bucket.list(start))
			.map(({ key, ...object }) => ({ ...object, number: numberOf(key.slice(start.length)) }))
			.filter(({ number }) => number > 0)
			.sort((a, b) => a.number - b.number);
		const live = new Map(
			listed.filter(({ bytes }) => bytes > 0).map(({ number, etag }) => [number, etag]),
		);
		const last = Math.max(0, listed.at(-1)?.number ?? 0, ...ledger.removed);
		return { live: without(live, ledger), last, ledger };
	}

	async #change<R>(name: string, change: LedgerChange<R>): Promise<R> {
		await requireConditionalWrites(this.#bucket, this.#connection);
		try {
			return await this.#ledger(name).update(change);
		} finally {
			this.#states.delete(name);
		}
	}

	#ledger(name: string): LedgerObject {
		return new LedgerObject(this.#bucket, ledgerKey(name));
	}

	async #names(): Promise<string[]> {
		const listed = await this.#bucket.list(NAMES);
		return listed.map(({ key }) => key.slice(NAMES.length)).filter((name) => isName(name, 'model'));
	}

	/** Puts a name on the list. Throws MODEL_EXISTS for one that local copies on Windows and macOS would take for another. */
	async #register(name: string): Promise<void> {
		const names = await this.#names();
		if (names.includes(name)) return;
		const twin = names.find((other) => other.toLowerCase() === name.toLowerCase());
		if (twin !== undefined) throw caseTwin(name, twin);
		await this.#bucket.put(`${NAMES}${name}`, Buffer.alloc(0));
	}
}

function choose(ref: ModelRef, { live, ledger }: Pick<ModelState, 'live' | 'ledger'>): ChosenVersion {
	return chooseVersion(ref, [...live.keys()], ledger.aliases);
}

function without(live: ReadonlyMap<number, string>, { removed }: Ledger): ReadonlyMap<number, string> {
	return new Map([...live].filter(([number]) => !removed.includes(number)));
}

/** The upload of a document that is about to go, whatever else is wrong with it. */
function uploadNamedIn(document: Buffer): string {
	try {
		return String((JSON.parse(document.toString('utf8')) as { upload?: unknown }).upload);
	} catch {
		return '';
	}
}

function totalBytes(files: Readonly<Record<string, FileDigest>>): number {
	return Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0);
}

function isUnreachable(error: unknown): boolean {
	return error instanceof DinomalyError && error.code === 'STORE_UNREACHABLE';
}

function problemOf(error: unknown): string {
	if (error instanceof DinomalyError && error.code !== 'STORE_UNREACHABLE') return error.message;
	throw error;
}
