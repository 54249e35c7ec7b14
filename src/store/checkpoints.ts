import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DinomalyError } from '../errors';
import { flushFolder, removeTree, renameSafely } from '../files/atomicFile';
import { digestFile, DigestChecker, writeDigested, type FileDigest } from '../files/digest';
import { readDigests } from './digestFields';
import { explainWriteError, whenMissing } from '../files/diskError';
import { checkSchema, readJson, type JsonFields } from './jsonFields';
import { validateName } from './names';

/** A file of a checkpoint: its bytes, or a function that writes it to the path that it is given. */
export type CheckpointFile =
	| { readonly name: string; readonly bytes: Uint8Array }
	| { readonly name: string; readonly write: (path: string) => Promise<void> };

export interface Checkpoint {
	/** Iterations that were finished when it was saved. */
	readonly step: number;
	/** Name to path; every file was checked against its hash. */
	readonly files: Readonly<Record<string, string>>;
	/** Name to what the file holds. */
	readonly digests: Readonly<Record<string, FileDigest>>;
	/** Damaged newer checkpoints that were passed over, one sentence each. */
	readonly notices: readonly string[];
}

/** A checkpoint's place among the others: the same step may be saved again, after training went on from before it. */
interface Place {
	readonly step: number;
	readonly repeat: number;
}

const MANIFEST = 'checkpoint.json';
const SCHEMA_VERSION = 1;
const MAX_MANIFEST_BYTES = 1 << 20;
const WHOLE = /^step-([0-9]{1,12})\.([0-9]{1,6})$/;
const UNFINISHED = '.unfinished-';

/**
 * The checkpoints of one unfinished training: whole or absent, at most two at rest, so that a crash or a full disk while one is
 * saved costs no more than the work since the one before. For one process at a time: hold the training's lock.
 */
export class CheckpointFolder {
	constructor(readonly folder: string) {}

	/**
	 * Saves the state after `step` iterations. Checkpoints of later iterations belong to a course that was given up when training went
	 * on from an earlier state, and are removed. Throws DISK_FULL with the checkpoints before untouched.
	 */
	async save(step: number, files: readonly CheckpointFile[]): Promise<void> {
		const temporary = join(this.folder, `${UNFINISHED}${randomUUID()}`);
		const before = await this.places();
		const repeat = before.find((place) => place.step === step)?.repeat ?? 0;
		const saved: Place = { step, repeat: repeat + 1 };
		try {
			await this.removeUnfinished();
			await mkdir(temporary, { recursive: true });
			await writeWhole(temporary, step, files);
			await renameSafely(temporary, this.pathOf(saved));
			await flushFolder(this.folder);
		} catch (error) {
			const explained = await explainWriteError(error, this.pathOf(saved)); // first: afterwards there is room again
			await removeTree(temporary);
			throw explained;
		}
		const fallback = before.find((place) => place.step < step);
		for (const place of before) if (place !== fallback) await this.remove(place);
	}

	/** The newest checkpoint that is whole; undefined when there is none at all. Throws WEIGHTS_INVALID when all are damaged. */
	async latest(): Promise<Checkpoint | undefined> {
		const notices: string[] = [];
		for (const place of await this.places()) {
			try {
				return { step: place.step, ...(await readWhole(this.pathOf(place), place.step)), notices };
			} catch (error) {
				if (!(error instanceof DinomalyError)) throw error;
				notices.push(
					`The checkpoint of iteration ${place.step} is damaged and was passed over: ${error.message}`,
				);
			}
		}
		if (notices.length === 0) return undefined;
		throw new DinomalyError(
			'WEIGHTS_INVALID',
			`Expected a whole checkpoint in ${this.folder}, found none. ${notices.join('. ')}`,
			{
				hint: 'Start this training again without resuming.',
			},
		);
	}

	/** Forgets the training. */
	async clear(): Promise<void> {
		await removeTree(this.folder);
	}

	/** Newest first. */
	private async places(): Promise<Place[]> {
		const places: Place[] = [];
		for (const name of await whenMissing(readdir(this.folder), [])) {
			const match = WHOLE.exec(name);
			if (match !== null) places.push({ step: Number(match[1]), repeat: Number(match[2]) });
		}
		return places.sort((a, b) => b.step - a.step || b.repeat - a.repeat);
	}

	/** Renamed first, so that a crash while it is deleted leaves nothing that looks like a checkpoint. */
	private async remove(place: Place): Promise<void> {
		const doomed = join(this.folder, `${UNFINISHED}${randomUUID()}`);
		await renameSafely(this.pathOf(place), doomed);
		await removeTree(doomed);
	}

	/** What a crash left behind would otherwise fill the disk. */
	private async removeUnfinished(): Promise<void> {
		for (const name of await whenMissing(readdir(this.folder), [])) {
			if (name.startsWith(UNFINISHED)) await removeTree(join(this.folder, name));
		}
	}

	private pathOf({ step, repeat }: Place): string {
		return join(this.folder, `step-${step}.${repeat}`);
	}
}

async function writeWhole(folder: string, step: number, files: readonly CheckpointFile[]): Promise<void> {
	const digests: Record<string, FileDigest> = {};
	for (const file of files) {
		const path = join(folder, validateName(file.name, 'file'));
		digests[file.name] = await writeOne(path, file);
	}
	const manifest = { schemaVersion: SCHEMA_VERSION, step, files: digests };
	await writeDigested(join(folder, MANIFEST), Buffer.from(JSON.stringify(manifest, null, '\t')));
	await flushFolder(folder);
}

async function writeOne(path: string, file: CheckpointFile): Promise<FileDigest> {
	if ('bytes' in file) return writeDigested(path, file.bytes);
	await file.write(path);
	const handle = await open(path, 'r+');
	try {
		await handle.sync();
	} finally {
		await handle.close();
	}
	return digestFile(path);
}

async function readWhole(folder: string, step: number): Promise<Pick<Checkpoint, 'files' | 'digests'>> {
	const path = join(folder, MANIFEST);
	const manifest = await readManifest(path);
	checkSchema(manifest, SCHEMA_VERSION, path);
	if (manifest.count('step') !== step) throw manifest.unexpected('step', `${step}, as the folder is named`);
	const checker = new DigestChecker();
	const files: Record<string, string> = {};
	const digests = readDigests(manifest.object('files'), MANIFEST);
	for (const [name, digest] of Object.entries(digests)) {
		files[name] = join(folder, name);
		await checker.check(files[name], digest, 'Resume from an older checkpoint.');
	}
	return { files, digests };
}

async function readManifest(path: string): Promise<JsonFields> {
	const manifest = await whenMissing(readJson(path, MAX_MANIFEST_BYTES), undefined);
	if (manifest !== undefined) return manifest;
	throw new DinomalyError('MODEL_INVALID', `Expected ${path}, found no such file`);
}
