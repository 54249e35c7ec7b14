import { readdir } from 'node:fs/promises';
import { join, resolve as absolutePath } from 'node:path';
import { DinomalyError } from '../errors';
import { readCalibration } from './calibration';
import { readZones } from './zonesFile';
import { CARD_FILE, readCard, type ModelCard } from './card';
import { DigestChecker } from '../files/digest';
import { explainWriteError, whenMissing } from '../files/diskError';
import { withLock } from './lock';
import { aliasMissing, modelMissing, stillAliased, versionMissing } from './missing';
import { ModelFolder } from './modelFolder';
import type {
	AliasMove,
	FileSource,
	ModelDraft,
	ModelStore,
	ModelSummary,
	MoveReason,
	OpenedModel,
	RemoveOptions,
	ResolvedModel,
	VersionSummary,
} from './modelStore';
import { isName, LATEST, parseRef, PRODUCTION, validateName, type ModelRef } from './names';
import { realPathInside, storeLayout, type StoreLayout } from './paths';
import { StagedVersion } from './stagedVersion';

/** Moves of aliases take milliseconds: who waits this long waits for something that hangs. */
const LOCK_WAIT_MS = 20_000;
const DAMAGED_HINT =
	'It was damaged or changed after it was published: point the alias at another version, or import or train the model again.';
const IMPORT_HINT = 'The folder is incomplete or damaged: copy it again from where it came from.';

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
		const aliases = Object.entries(await model.aliases.all());
		const summarise = async (version: string): Promise<VersionSummary> => {
			const pointing = aliases.filter(([, target]) => target === version).map(([alias]) => alias);
			try {
				return { version, aliases: pointing, card: await this.readCardOf(model, version) };
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
		const pointer = await followAlias(model, parsed);
		const version =
			parsed.kind === 'version' ? parsed.version : (pointer?.version ?? String(versions.at(-1)));
		if (!versions.includes(Number(version)))
			throw versionMissing(model.name, version, { versions, alias: pointer?.alias });
		return {
			name: model.name,
			version,
			path: model.pathOf(version),
			...(pointer && { alias: pointer.alias }),
		};
	}

	async open(ref: string): Promise<OpenedModel> {
		const resolved = await this.resolve(ref);
		const card = await this.readCardOf(this.model(resolved.name), resolved.version);
		await this.checkFiles(resolved.path, card, DAMAGED_HINT);
		const calibration = await readCalibration(resolved.path);
		const zones = await readZones(resolved.path, card);
		return { ...resolved, card, ...(calibration && { calibration }), ...(zones && { zones }) };
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
		const folder = absolutePath(path);
		const card = await readCardInside(folder, folder);
		await this.checkFiles(folder, card, IMPORT_HINT);
		const files: Record<string, FileSource> = {};
		for (const file of Object.keys(card.files)) files[file] = { file: join(folder, file) };
		const parent = { name: card.name, version: card.version };
		return this.publish(name ?? card.name, { card: { ...card, parent }, files });
	}

	async promote(ref: string, alias: string, reason?: MoveReason): Promise<AliasMove> {
		validateName(alias, 'alias');
		const model = this.model(parseRef(ref).name);
		return this.locked(model, async () => {
			const { version } = await this.resolve(ref); // inside the lock, lest it be removed before the alias moves
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

	async remove(ref: string, { force = false, ...reason }: RemoveOptions = {}): Promise<void> {
		const parsed = parseRef(ref);
		const model = this.model(parsed.name);
		if (parsed.kind !== 'version') {
			throw new DinomalyError(
				'USAGE',
				`Expected one version to remove, such as "${parsed.name}@1", found "${ref}"`,
				{
					hint: 'Name the version by its number, since aliases move.',
				},
			);
		}
		await this.locked(model, async () => {
			const { version } = await this.resolve(ref);
			const pointing = Object.entries(await model.aliases.all()).filter(
				([, target]) => target === version,
			);
			const aliases = pointing.map(([alias]) => alias);
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

	private async readCardOf(model: ModelFolder, version: string): Promise<ModelCard> {
		const path = model.pathOf(version);
		const card = await readCardInside(this.layout.root, path);
		if (card.name === model.name && card.version === version) return card;
		throw new DinomalyError(
			'MODEL_INVALID',
			`Expected ${path} to hold "${model.name}" version ${version}, found the card of "${card.name}" version ${card.version}`,
			{ hint: 'Model folders cannot be renamed or copied by hand: import the folder instead.' },
		);
	}

	/** Every file lies in the folder itself and holds what the card says. */
	private async checkFiles(folder: string, card: ModelCard, hint: string): Promise<void> {
		for (const [name, digest] of Object.entries(card.files)) {
			const path = join(folder, name);
			await whenMissing(realPathInside(folder, path), undefined); // a missing file is for the checker to report
			await this.checker.check(path, digest, hint);
		}
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

/** Reads a card, provided that no link leads out of `root`. */
async function readCardInside(root: string, folder: string): Promise<ModelCard> {
	const path = await whenMissing(realPathInside(root, join(folder, CARD_FILE)), undefined);
	if (path !== undefined) return readCard(folder);
	throw new DinomalyError('MODEL_INVALID', `Expected a model in ${folder}, found no ${CARD_FILE} there`, {
		hint: 'Name the folder that holds model.json and decoder.safetensors.',
	});
}

async function followAlias(
	model: ModelFolder,
	ref: ModelRef,
): Promise<{ alias: string; version: string } | undefined> {
	if (ref.kind === 'version' || (ref.kind === 'alias' && ref.alias === LATEST)) return undefined;
	const alias = ref.kind === 'alias' ? ref.alias : PRODUCTION;
	const version = await model.aliases.versionOf(alias);
	if (version !== undefined) return { alias, version };
	if (ref.kind === 'name') return undefined;
	throw aliasMissing(model.name, alias, Object.keys(await model.aliases.all()));
}

function problemOf(error: unknown): string {
	if (error instanceof DinomalyError) return error.message;
	throw error;
}
