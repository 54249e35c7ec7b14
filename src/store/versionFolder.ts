import { join } from 'node:path';
import { DinomalyError } from '../errors';
import type { DigestChecker } from '../files/digest';
import { whenMissing } from '../files/diskError';
import { readCalibration } from './calibration';
import { CARD_FILE, readCard, type ModelCard } from './card';
import { modelFolderIn } from './exportedFolder';
import type { FileSource, ModelDraft, OpenedModel } from './modelStore';
import { realPathInside } from './paths';
import { requireTrusted } from './signingKeys';
import { readZones } from './zonesFile';

const DAMAGED_HINT =
	'It was damaged or changed after it was published: point the alias at another version, or import or train the model again.';
const IMPORT_HINT = 'The folder is incomplete or damaged: copy it again from where it came from.';

interface VersionPlace {
	/** Folder that no link may lead out of. */
	readonly root: string;
	readonly path: string;
	readonly name: string;
	readonly version: string;
}

/** Reads the card of a version; throws MODEL_INVALID when it is another one's. */
export async function readCardOf({ root, path, name, version }: VersionPlace): Promise<ModelCard> {
	const card = await readCardInside(root, path);
	if (card.name === name && card.version === version) return card;
	throw new DinomalyError(
		'MODEL_INVALID',
		`Expected ${path} to hold "${name}" version ${version}, found the card of "${card.name}" version ${card.version}`,
		{ hint: 'Model folders cannot be renamed or copied by hand: import the folder instead.' },
	);
}

/** Reads a version after checking every file against its hash. Throws MODEL_INVALID or HASH_MISMATCH. */
export async function readVersion(
	place: VersionPlace,
	checker: DigestChecker,
): Promise<Pick<OpenedModel, 'card' | 'calibration' | 'zones'>> {
	const card = await readCardOf(place);
	await requireTrusted(card, `"${place.name}" version ${place.version}`);
	await checkFiles(place.path, { card, checker, hint: DAMAGED_HINT });
	const calibration = await readCalibration(place.path);
	const zones = await readZones(place.path, card);
	return { card, ...(calibration && { calibration }), ...(zones && { zones }) };
}

/**
 * What to publish to have a model folder from elsewhere in a store, or one that was exported for an inference server, after checking it. Throws
 * MODEL_INVALID or HASH_MISMATCH.
 */
export async function draftOfFolder(
	given: string,
	checker: DigestChecker,
): Promise<{ readonly name: string; readonly draft: ModelDraft }> {
	const folder = await modelFolderIn(given);
	const card = await readCardInside(folder, folder);
	await requireTrusted(card, `the model in ${folder}`);
	await checkFiles(folder, { card, checker, hint: IMPORT_HINT });
	const files: Record<string, FileSource> = {};
	for (const file of Object.keys(card.files)) files[file] = { file: join(folder, file) };
	const parent = { name: card.name, version: card.version };
	return { name: card.name, draft: { card: { ...card, parent }, files, signedBy: 'keep' } };
}

/** Every file lies in the folder itself and holds what the card says. */
async function checkFiles(
	folder: string,
	{
		card,
		checker,
		hint,
	}: { readonly card: ModelCard; readonly checker: DigestChecker; readonly hint: string },
): Promise<void> {
	for (const [name, digest] of Object.entries(card.files)) {
		const path = join(folder, name);
		await whenMissing(realPathInside(folder, path), undefined); // a missing file is for the checker to report
		await checker.check(path, digest, hint);
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
