import { randomUUID } from 'node:crypto';
import { join, resolve as absolutePath } from 'node:path';
import { DinomalyError } from '../../errors';
import { DigestChecker, totalBytes } from '../../files/digest';
import { newMove, tidyWords } from '../aliasMove';
import { aliasesOn, chooseVersion, type ChosenVersion } from '../chooseVersion';
import { aliasMissing, aliasMoved, modelMissing, notOneVersion, stillAliased } from '../missing';
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
import { parseRef, validateName, type ModelRef } from '../names';
import { storeLayout, type StoreLayout } from '../paths';
import type { PromotionGate } from '../promotionGate';
import { StagedVersion } from '../stagedVersion';
import { draftOfFolder, readVersion } from '../versionFolder';
import { Bucket } from './bucket';
import type { StoreConnection } from './connection';
import { copyVersion } from './copyVersion';
import { ledgerKey, uploadKey } from './keys';
import { LedgerObject, moved, type LedgerChange } from './ledger';
import { ModelNames } from './modelNames';
import { ModelStates, without, type ModelState } from './modelStates';
import { requireConditionalWrites } from './probe';
import { deleteUnusedUploads } from './unusedUploads';
import { VersionCache } from './versionCache';
import { VersionDocuments } from './versionDocuments';

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
	readonly #names: ModelNames;
	readonly #states: ModelStates;
	readonly #documents: VersionDocuments;
	readonly #copying = new Map<string, Promise<void>>();

	constructor(folder: string, connection: StoreConnection) {
		this.layout = storeLayout(folder);
		this.#connection = connection;
		this.#bucket = new Bucket(connection);
		this.#cache = new VersionCache(this.layout, connection.cacheBytes);
		this.#names = new ModelNames(this.#bucket);
		this.#states = new ModelStates(this.#bucket);
		this.#documents = new VersionDocuments(this.#bucket, this.#states);
	}

	async list(): Promise<ModelSummary[]> {
		const summaries = await Promise.all((await this.#names.all()).map((name) => this.#summarise(name)));
		return summaries.filter((summary) => summary !== undefined);
	}

	async versions(name: string): Promise<VersionSummary[]> {
		const state = await this.#existing(validateName(name, 'model'));
		const summarise = async (number: number): Promise<VersionSummary> => {
			const version = String(number);
			const aliases = aliasesOn(state.ledger.aliases, version);
			try {
				return { version, aliases, card: (await this.#documents.read(name, number, state)).card };
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
		await this.#names.register(name);
		const staged = await StagedVersion.write(this.layout.staging, name, draft);
		try {
			const upload = randomUUID();
			for (const [file, digest] of Object.entries(staged.files))
				await this.#bucket.upload(uploadKey(name, upload, file), join(staged.folder, file), digest);
			const { version, etag } = await this.#documents.claim(name, staged, upload);
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

	/** Takes away what removed versions left: their documents but for the numbers, their files, and those of uploads that were cut off. */
	async #bury(name: string, numbers: readonly number[]): Promise<void> {
		const buried = new Set<string>();
		for (const number of numbers) {
			const upload = await this.#documents.empty(name, number);
			if (upload !== undefined) buried.add(upload);
			await this.#cache.forget(name, String(number));
		}
		const state = await this.#states.of(name, { fresh: true });
		await deleteUnusedUploads(this.#bucket, this.#documents, { name, state, buried });
	}

	/** Has a copy of a version on this machine. */
	async #haveCopy({ name, version, path }: ResolvedModel): Promise<void> {
		const state = await this.#states.of(name).catch((error: unknown) => {
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
		const document = await this.#documents.read(name, Number(version), state);
		const etag = state.live.get(Number(version)) ?? '';
		await copyVersion(this.#bucket, this.#cache, { ...document, etag });
	}

	async #summarise(name: string): Promise<ModelSummary | undefined> {
		try {
			const { live, ledger } = await this.#states.of(name);
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
		const state = await this.#states.of(name, { fresh });
		if (state.live.size > 0) return state;
		const known = (await this.list()).map((model) => model.name);
		throw modelMissing(name, this.#bucket.what, known);
	}

	async #change<R>(name: string, change: LedgerChange<R>): Promise<R> {
		await requireConditionalWrites(this.#bucket, this.#connection);
		try {
			return await this.#ledger(name).update(change);
		} finally {
			this.#states.forget(name);
		}
	}

	#ledger(name: string): LedgerObject {
		return new LedgerObject(this.#bucket, ledgerKey(name));
	}
}

function choose(ref: ModelRef, { live, ledger }: Omit<ModelState, 'last'>): ChosenVersion {
	return chooseVersion(ref, [...live.keys()], ledger.aliases);
}

function isUnreachable(error: unknown): boolean {
	return error instanceof DinomalyError && error.code === 'STORE_UNREACHABLE';
}

function problemOf(error: unknown): string {
	if (error instanceof DinomalyError && error.code !== 'STORE_UNREACHABLE') return error.message;
	throw error;
}
