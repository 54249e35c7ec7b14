import { join } from 'node:path';
import { DinomalyError } from '../../errors';
import { writeFileAtomic } from '../../files/atomicFile';
import { totalBytes } from '../../files/digest';
import { CARD_FILE } from '../card';
import { validateName } from '../names';
import type { Bucket } from './bucket';
import { uploadKey } from './keys';
import type { VersionCache } from './versionCache';
import type { VersionDocument } from './versionDocuments';

/**
 * Makes a copy of a version on this machine, whole or not at all, each file checked against its hash. `etag` is the mark of its document.
 *
 * @throws DinomalyError HASH_MISMATCH naming the file in the bucket, STORE_UNREACHABLE, STORE_REFUSED, DISK_FULL
 */
export async function copyVersion(
	bucket: Bucket,
	cache: VersionCache,
	{ upload, card, etag }: VersionDocument & { readonly etag: string },
): Promise<void> {
	const { name, version, files } = card;
	await cache.make({ name, version, etag, bytes: totalBytes(files) }, async (folder) => {
		for (const [file, digest] of Object.entries(files)) {
			const key = uploadKey(name, upload, validateName(file, 'file'));
			const found = await bucket.download(key, join(folder, file));
			if (found?.sha256 === digest.sha256) continue;
			throw new DinomalyError(
				'HASH_MISMATCH',
				`Expected ${bucket.what}/${key} to hold ${digest.bytes} bytes with sha256 ${digest.sha256}, found ${found === undefined ? 'nothing' : `${found.bytes} bytes with sha256 ${found.sha256}`}`,
				{
					hint: 'It was damaged, changed or deleted in the bucket: point the alias at another version, or train the model again.',
				},
			);
		}
		await writeFileAtomic(join(folder, CARD_FILE), `${JSON.stringify(card, null, '\t')}\n`);
	});
}
