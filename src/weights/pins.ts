import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DinomalyError } from '../errors';
import { writeFileAtomic } from '../files/atomicFile';
import type { FileDigest } from '../files/digest';
import { errorCode } from '../files/diskError';

/** Content that a file had when it was first used, and has to have ever after. */
export interface Pin extends FileDigest {
	/** Repository and file, or that somebody placed it there. */
	readonly from: string;
	/** ISO 8601. */
	readonly pinned: string;
}

const PINS_FILE = 'pins.json';
const SHA256 = /^[0-9a-f]{64}$/;

/** The pin of `file` in `folder`; undefined when there is none yet. Throws HASH_MISMATCH when pins.json is damaged. */
export async function readPin(folder: string, file: string): Promise<Pin | undefined> {
	const pins = await readPins(join(folder, PINS_FILE));
	return Object.hasOwn(pins, file) ? pins[file] : undefined;
}

export async function writePin(folder: string, file: string, pin: Pin): Promise<void> {
	const path = join(folder, PINS_FILE);
	const pins = { ...(await readPins(path)), [file]: pin };
	await writeFileAtomic(path, `${JSON.stringify(pins, null, '\t')}\n`);
}

async function readPins(path: string): Promise<Record<string, Pin>> {
	let value: unknown;
	try {
		value = JSON.parse(await readFile(path, 'utf8'));
	} catch (error) {
		if (errorCode(error) === 'ENOENT') return {};
		throw damaged(path, error);
	}
	if (!isPins(value)) throw damaged(path);
	return value;
}

function isPins(value: unknown): value is Record<string, Pin> {
	return (
		isObject(value) &&
		Object.values(value).every(
			(pin) => isObject(pin) && typeof pin.sha256 === 'string' && SHA256.test(pin.sha256),
		)
	);
}

function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function damaged(path: string, cause?: unknown): DinomalyError {
	return new DinomalyError(
		'HASH_MISMATCH',
		`Expected the hashes of checked files in ${path}, found something else`,
		{
			hint: 'Delete that file: the encoder beside it is then checked and pinned anew.',
			cause,
		},
	);
}
