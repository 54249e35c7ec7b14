import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DinomalyError } from '../errors';
import { shownName } from '../shownValue';
import { explainWriteError } from '../files/diskError';
import { inTemporaryFolder } from '../files/temporaryFolder';
import { readZip, writeZip, type ZipEntry } from '../files/zip';
import { CARD_FILE, readCard } from './card';
import type { ModelStore, OpenedModel } from './modelStore';
import { isName } from './names';

/** A decoder of the largest encoder has some 300 MB. */
const LARGEST_FILE_BYTES = 2 ** 31 - 1;
/** Weights hardly get smaller: what unpacks to more than this many times the archive is there to fill the disk. */
const LARGEST_RATIO = 20;
/** Small models may be mostly zeros. */
const ALWAYS_FINE_BYTES = 256 << 20;

/** Writes a model with all its files as one ZIP archive, after checking it. @returns the model that it is */
export async function writePackage(store: ModelStore, ref: string, path: string): Promise<OpenedModel> {
	const model = await store.open(ref);
	const names = [CARD_FILE, ...Object.keys(model.card.files)];
	try {
		await writeZip(
			path,
			names.map((name) => ({ name, file: join(model.path, name) })),
		);
	} catch (error) {
		throw await explainWriteError(error, path);
	}
	return model;
}

/**
 * Adds the model of a ZIP archive to a store as a new version: one that `writePackage` made, or a packed model folder. Every file is
 * checked against the hashes of the model's card. Nothing but the files that the card lists is ever written, whatever names the archive holds.
 * @throws DinomalyError MODEL_INVALID, HASH_MISMATCH, DISK_FULL
 */
export async function importPackage(store: ModelStore, archive: Buffer, name?: string): Promise<OpenedModel> {
	const files = modelFiles(readZip(archive));
	return inTemporaryFolder('import', async (folder) => {
		refuseBomb(files.values(), archive.length);
		const unpack = async (name: string): Promise<void> => {
			const entry = files.get(name);
			if (entry !== undefined) await unpackTo(join(folder, name), entry);
		};
		await unpack(CARD_FILE);
		for (const name of Object.keys((await readCard(folder)).files)) await unpack(name);
		return await store.importFolder(folder, name);
	});
}

/** The files beside the one card of the archive, in whatever folder of it that lies. */
function modelFiles(entries: readonly ZipEntry[]): Map<string, ZipEntry> {
	const cards = entries.filter(({ name }) => name === CARD_FILE || name.endsWith(`/${CARD_FILE}`));
	if (cards.length !== 1) {
		const found = cards.length === 0 ? 'none' : `${cards.length} of them`;
		throw new DinomalyError(
			'MODEL_INVALID',
			`Expected one ${CARD_FILE} in the ZIP archive, found ${found}`,
			{
				hint: 'Pack one model folder: the one that holds model.json and decoder.safetensors.',
			},
		);
	}
	const prefix = cards[0].name.slice(0, -CARD_FILE.length);
	const files = new Map<string, ZipEntry>();
	for (const entry of entries) {
		if (!entry.name.startsWith(prefix)) continue;
		const file = entry.name.slice(prefix.length);
		if (isName(file, 'file')) files.set(file, entry);
	}
	return files;
}

/** Throws MODEL_INVALID before anything is unpacked. */
function refuseBomb(entries: Iterable<ZipEntry>, archiveBytes: number): void {
	let total = 0;
	for (const { bytes } of entries) total += bytes;
	if (total <= Math.max(ALWAYS_FINE_BYTES, LARGEST_RATIO * archiveBytes)) return;
	throw new DinomalyError(
		'MODEL_INVALID',
		`Expected a model of at most ${LARGEST_RATIO} times the size of its archive, found one that unpacks from ${archiveBytes} to ${total} bytes`,
		{ hint: 'Import the model folder itself if you trust where it comes from.' },
	);
}

async function unpackTo(path: string, entry: ZipEntry): Promise<void> {
	if (entry.bytes > LARGEST_FILE_BYTES) {
		throw new DinomalyError(
			'MODEL_INVALID',
			`Expected model files below 2 GB, found ${entry.bytes} bytes in ${shownName(entry.name)}`,
			{
				hint: 'Import the model folder itself instead of an archive.',
			},
		);
	}
	try {
		await writeFile(path, await entry.unpack(), { flag: 'wx' });
	} catch (error) {
		throw await explainWriteError(error, path);
	}
}
