import { copyFile, link, mkdir, rm, stat } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { DinomalyError } from '../errors';
import { renameSafely } from '../files/atomicFile';
import type { ModelCard } from '../store/card';
import { storeLayout } from '../store/paths';
import { findEncoder } from '../weights/catalogue';
import { resolveEncoder, type ResolvedEncoder } from '../weights/resolveEncoder';
import { readEncoder, type EncoderFile } from './encoder';

/**
 * Keeps an encoder file in the store that the user named, or that comes with the package, so that models trained with it go on working
 * when it moves, and when a later version of the package brings another one. Those of the hub are in the store anyway.
 */
export async function keepEncoder(
	store: string,
	{ entry, path: file, sha256 }: ResolvedEncoder,
): Promise<void> {
	if (entry !== null && entry.source !== null) return;
	const kept = keptPath(store, sha256);
	if (await stat(kept).catch(() => null)) return;
	await mkdir(path.dirname(kept), { recursive: true });
	const temporary = `${kept}.${randomUUID()}.tmp`;
	try {
		await link(file, temporary).catch(() => copyFile(file, temporary));
		await renameSafely(temporary, kept);
	} finally {
		await rm(temporary, { force: true });
	}
}

/**
 * Finds the encoder that a model was trained with.
 * @throws HASH_MISMATCH when it is another file now; INPUT_MISSING, DOWNLOAD_FAILED and others when it cannot be had
 */
export async function findModelEncoder(store: string, { name, encoder }: ModelCard): Promise<EncoderFile> {
	const kept = keptPath(store, encoder.sha256);
	const known = findEncoder(encoder.name) !== undefined;
	const options = { cacheDir: storeLayout(store).encoders };
	let resolved = await resolveEncoder(known ? encoder.name : kept, options);
	if (resolved.sha256 !== encoder.sha256 && (await stat(kept).catch(() => null)) !== null)
		resolved = await resolveEncoder(kept, options);
	if (resolved.sha256 !== encoder.sha256) {
		throw new DinomalyError(
			'HASH_MISMATCH',
			`Expected the encoder that model "${name}" was trained with (${encoder.name}, sha256 ${encoder.sha256.slice(0, 12)}), found another file under that name`,
			{ hint: `Put the original encoder file back at ${resolved.path}, or train the model again.` },
		);
	}
	return readEncoder({ ...resolved, name: encoder.name });
}

function keptPath(store: string, sha256: string): string {
	return path.join(storeLayout(store).encoders, 'kept', `${sha256}.safetensors`);
}
