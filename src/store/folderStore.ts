import { readdir } from 'node:fs/promises';
import { join, resolve as absolutePath } from 'node:path';
import { DinomalyError } from '../errors';
import type { ModelCard } from './card';
import { DigestChecker } from '../files/digest';
import { explainWriteError, whenMissing } from '../files/diskError';
import { withLock } from './lock';
import { tidyWords } from './aliasMove';
import { aliasesOn, aliasNamed, chooseVersion } from './chooseVersion';
import { aliasMissing, aliasMoved, modelMissing, notOneVersion, stillAliased } from './missing';
import { ModelFolder } from './modelFolder';
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
} from './modelStore';
import type { PromotionGate } from './promotionGate';
import { isName, parseRef, validateName, type ModelRef } from './names';
import { storeLayout, type StoreLayout } from './paths';
import { StagedVersion } from './stagedVersion';
import { draftOfFolder, readCardOf, readVersion } from './versionFolder';

/** Moves of aliases take milliseconds: who waits this long waits for something that hangs. */
const LOCK_WAIT_MS = 20_000;

/** Models in a folder that several processes and machines may share. */
export class FolderStore implements ModelStore {
	readonly layout: StoreLayout;
	private readonly checker = new DigestChecker();

	/** `root` is made when something is first written to it. */
	constructor(root: string) {
		this.layout = storeLayout(root);
	}

	async list(): Promise<ModelSummary[]> {
		const summaries = await Promise.all(
			(await this.names()).map((name) => this.summarise(this.model(name))),
		);
		return summaries.filter((summary) => summary !== undefined);
	}

	async versions(name: string): Promise<VersionSummary[]> {
		const model = this.model(validateName(name, 'model'));
		const numbers = await this.numbersOf(model);
		const aliases = await model.aliases.all();
		const summarise = async (version: string): Promise<VersionSummary> => {
			const pointing = aliasesOn(aliases, version);
			try {
				return { version, aliases: pointing, card: await this.cardOf(model, version) };
			} catch (error) {
				return { version, aliases: pointing, problem: problemOf(error) };
			}
		};
		return Promise.all(numbers.map(String).map(summarise));
	}

	async resolve(ref: string): Promise<ResolvedModel> {
		const parsed = parseRef(ref);
		const model = this.model(parsed.name);
		const versions = await this.numbersOf(model);
		const { version, alias } = chooseVersion(parsed, versions, await aliasesFor(model, parsed));
		return {
			name: model.name,
			version,
			path: model.pathOf(version),
			...(alias !== undefined && { alias }),
		};
	}

	async open(ref: string): Promise<OpenedModel> {
		const resolved = await this.resolve(ref);
		const read = await readVersion({ root: this.layout.root, ...resolved }, this.checker);
		return { ...resolved, ...read };
	}

	async aliases(name: string): Promise<Record<string, string>> {
		const model = this.model(validateName(name, 'model'));
		await this.numbersOf(model);
		return model.aliases.all();
	}

	async publish(name: string, draft: ModelDraft): Promise<OpenedModel> {
		const model = this.model(validateName(name, 'model'));
		await model.refuseCaseTwin();
		await model.refuseLinksOut();
		const staged = await StagedVersion.write(this.layout.staging, name, draft);
		try {
			const version = await staged.claim(model.versions, () => model.nextNumber());
			return await this.open(`${name}@${version}`);
		} finally {
			await staged.discard();
		}
	}

	async importFolder(path: string, name?: string): Promise<OpenedModel> {
		const found = await draftOfFolder(absolutePath(path), this.checker);
		return this.publish(name ?? found.name, found.draft);
	}

	async promote(ref: string, alias: string, { ifFrom, ...reason }: MoveOptions = {}): Promise<AliasMove> {
		validateName(alias, 'alias');
		const model = this.model(parseRef(ref).name);
		return this.locked(model, async () => {
			const { version } = await this.resolve(ref); // inside the lock, lest it be removed before the alias moves
			const found = (await model.aliases.versionOf(alias)) ?? null;
			if (ifFrom !== undefined && ifFrom !== found)
				throw aliasMoved(model.name, alias, { expected: ifFrom, found });
			return model.aliases.move(alias, version, reason);
		});
	}

	async dropAlias(name: string, alias: string, reason?: MoveReason): Promise<AliasMove> {
		validateName(alias, 'alias');
		const model = this.model(validateName(name, 'model'));
		return this.locked(model, async () => {
			if ((await model.aliases.versionOf(alias)) !== undefined)
				return model.aliases.move(alias, null, reason);
			throw aliasMissing(name, alias, Object.keys(await model.aliases.all()));
		});
	}

	async history(name: string): Promise<AliasMove[]> {
		return this.model(validateName(name, 'model')).aliases.history();
	}

	async gates(name: string): Promise<Record<string, PromotionGate>> {
		return this.model(validateName(name, 'model')).gates.all();
	}

	async setGate(name: string, alias: string, gate: PromotionGate): Promise<void> {
		validateName(alias, 'alias');
		const model = this.model(validateName(name, 'model'));
		const { rules, at } = gate;
		await this.locked(model, () => model.gates.set(alias, { rules, at, ...tidyWords(gate) }));
	}

	async remove(ref: string, { force = false, ...reason }: RemoveOptions = {}): Promise<void> {
		const parsed = parseRef(ref);
		const model = this.model(parsed.name);
		if (parsed.kind !== 'version') throw notOneVersion(ref, parsed.name);
		await this.locked(model, async () => {
			const { version } = await this.resolve(ref);
			const aliases = aliasesOn(await model.aliases.all(), version);
			if (aliases.length > 0 && !force) throw stillAliased(ref, aliases);
			for (const alias of aliases) await model.aliases.move(alias, null, reason);
			await model.deleteVersion(version);
		});
	}

	async removeModel(name: string, { force = false }: { readonly force?: boolean } = {}): Promise<void> {
		const model = this.model(validateName(name, 'model'));
		await this.locked(model, async () => {
			const aliases = force ? [] : Object.keys(await model.aliases.all());
			if (aliases.length > 0) throw stillAliased(name, aliases);
			if (!(await model.deleteAll())) throw modelMissing(name, this.layout.root, await this.names());
		});
	}

	private model(name: string): ModelFolder {
		return new ModelFolder(this.layout, name);
	}

	private async names(): Promise<string[]> {
		const names = await whenMissing(readdir(this.layout.models), []);
		return names.filter((name) => isName(name, 'model')).sort();
	}

	private async numbersOf(model: ModelFolder): Promise<number[]> {
		const numbers = await model.numbers();
		if (numbers.length > 0) return numbers;
		throw modelMissing(
			model.name,
			this.layout.root,
			(await this.list()).map(({ name }) => name),
		);
	}

	/** Undefined for a folder without versions, such as a first training that was cut off leaves. */
	private async summarise(model: ModelFolder): Promise<ModelSummary | undefined> {
		const numbers = await model.numbers();
		if (numbers.length === 0) return undefined;
		const known = { name: model.name, versions: numbers.length, newest: String(numbers.at(-1)) };
		try {
			return { ...known, aliases: await model.aliases.all() };
		} catch (error) {
			return { ...known, aliases: {}, problem: problemOf(error) };
		}
	}

	private cardOf(model: ModelFolder, version: string): Promise<ModelCard> {
		return readCardOf({
			root: this.layout.root,
			path: model.pathOf(version),
			name: model.name,
			version,
		});
	}

	private async locked<T>(model: ModelFolder, action: () => Promise<T>): Promise<T> {
		const names = await this.names();
		if (!names.includes(model.name)) throw modelMissing(model.name, this.layout.root, names);
		await model.refuseLinksOut();
		const what = `the list of versions and aliases of model "${model.name}"`;
		const folder = join(this.layout.locks, `model-${model.name}`);
		return withLock(folder, { what, waitMs: LOCK_WAIT_MS }, async () => {
			try {
				return await action();
			} catch (error) {
				throw await explainWriteError(error, folder);
			}
		});
	}
}

/** What of a model's aliases its reference needs to be understood: each is a file of its own. */
async function aliasesFor(model: ModelFolder, ref: ModelRef): Promise<Record<string, string>> {
	const alias = aliasNamed(ref);
	if (alias === undefined) return {};
	const version = await model.aliases.versionOf(alias);
	if (version !== undefined) return { [alias]: version };
	// Only an error tells what else there is.
	return ref.kind === 'alias' ? model.aliases.all() : {};
}

function problemOf(error: unknown): string {
	if (error instanceof DinomalyError) return error.message;
	throw error;
}
