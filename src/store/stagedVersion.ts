import { randomUUID, type KeyObject } from 'node:crypto';
import { lstat, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DinomalyError } from '../errors';
import { claimFolderName, flushFolder, removeTree, writeFileAtomic } from '../files/atomicFile';
import { readCalibration } from './calibration';
import { CARD_FILE, parseCard, type ModelCard } from './card';
import { copyDigested, writeDigested, type FileDigest } from '../files/digest';
import { explainWriteError, whenMissing } from '../files/diskError';
import { JsonFields } from './jsonFields';
import type { FileSource, ModelDraft } from './modelStore';
import { validateName } from './names';
import { signCard } from './signature';
import { requireTrusted, signingKey } from './signingKeys';
import { readZones } from './zonesFile';

/** A staging folder this old was left by a process that died: nobody writes a model for a day. */
const LEFT_BEHIND_MS = 86_400_000;

/** A version being written, in a folder that nobody reads. */
export class StagedVersion {
	/** When it is made, unless the draft says so: the same however often its card is. */
	private readonly moment = new Date().toISOString();

	private constructor(
		readonly folder: string,
		private readonly name: string,
		private readonly draft: ModelDraft['card'],
		private readonly signedBy: KeyObject | 'keep' | undefined,
		/** By file name. */
		readonly files: Readonly<Record<string, FileDigest>>,
	) {}

	/** Writes the draft's files below `staging` and checks card, calibration and zones; throws MODEL_INVALID or DISK_FULL, leaving nothing. */
	static async write(staging: string, name: string, draft: ModelDraft): Promise<StagedVersion> {
		await removeLeftBehind(staging);
		const folder = join(staging, randomUUID());
		try {
			await mkdir(folder, { recursive: true });
			const files = await writeFiles(folder, draft.files);
			const signedBy = draft.signedBy ?? (await signingKey());
			const staged = new StagedVersion(folder, name, draft.card, signedBy, files);
			const card = staged.cardFor('1');
			await requireTrusted(card, `a new version of "${name}"`);
			await readCalibration(folder);
			await readZones(folder, card);
			return staged;
		} catch (error) {
			const explained = await explainWriteError(error, join(staging, name)); // first: afterwards there is room again
			await removeTree(folder);
			throw explained;
		}
	}

	/**
	 * Moves the folder to the first free place from `nextVersion()` on and returns that version. The number is claimed by the very
	 * rename that makes the version visible, so there are no gaps, no doubles and no half versions.
	 */
	async claim(versions: string, nextVersion: () => Promise<number>): Promise<string> {
		try {
			await mkdir(versions, { recursive: true });
			for (;;) {
				const version = String(await nextVersion());
				await this.writeCard(version);
				if (!(await claimFolderName(this.folder, join(versions, version)))) continue;
				await flushFolder(versions);
				return version;
			}
		} catch (error) {
			throw await explainWriteError(error, join(versions, CARD_FILE));
		}
	}

	/** Deletes it; after `claim` there is nothing left to delete. */
	async discard(): Promise<void> {
		await removeTree(this.folder);
	}

	/** Makes the folder that of a version, card and all. */
	async writeCard(version: string): Promise<void> {
		const card = `${JSON.stringify(this.cardFor(version), null, '\t')}\n`;
		await writeFileAtomic(join(this.folder, CARD_FILE), card);
	}

	/** The card of this model as the version of a number. */
	cardFor(version: string): ModelCard {
		const { created = this.moment, signature, ...rest } = this.draft;
		// The draft comes first: an imported card brings a name and a version of its own.
		const bare: ModelCard = {
			...rest,
			schemaVersion: 1,
			name: this.name,
			version,
			created,
			files: this.files,
		};
		const card = parseCard(new JsonFields(bare, 'the model card'), 'the model card');
		if (this.signedBy === undefined) return card;
		// A draft made of another version brings that one's signature, which is not good for this one unless it is the same model.
		const own = this.signedBy === 'keep' ? signature : signCard(card, this.signedBy);
		return own === undefined ? card : { ...card, signature: own };
	}
}

async function writeFiles(folder: string, sources: ModelDraft['files']): Promise<Record<string, FileDigest>> {
	const digests: Record<string, FileDigest> = {};
	for (const [name, source] of Object.entries(sources)) {
		if (name === CARD_FILE) {
			throw new DinomalyError(
				'MODEL_INVALID',
				`Expected files beside the card, found "${CARD_FILE}" among them`,
				{
					hint: 'The store writes the card itself.',
				},
			);
		}
		digests[name] = await writeSource(join(folder, validateName(name, 'file')), source);
	}
	await flushFolder(folder);
	return digests;
}

async function writeSource(path: string, source: FileSource): Promise<FileDigest> {
	if ('bytes' in source) return writeDigested(path, source.bytes);
	if ('file' in source) return copyDigested(source.file, path);
	return writeDigested(path, Buffer.from(`${JSON.stringify(source.json)}\n`));
}

async function removeLeftBehind(staging: string): Promise<void> {
	for (const name of await whenMissing(readdir(staging), [])) {
		const path = join(staging, name);
		const found = await whenMissing(lstat(path), undefined);
		if (found !== undefined && Date.now() - found.mtimeMs > LEFT_BEHIND_MS) await removeTree(path);
	}
}
