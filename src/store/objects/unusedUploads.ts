import type { Bucket } from './bucket';
import { uploadsKey } from './keys';
import type { ModelState } from './modelStates';
import type { VersionDocuments } from './versionDocuments';

/** An upload that no version names after this long was cut off: nobody uploads a model for a day. */
const LEFT_BEHIND_MS = 86_400_000;

/**
 * Deletes files that no version of a model names: those of `buried` uploads, whose versions were removed, at once, and others when they are so old that
 * nobody can still be uploading beside them. Nothing is deleted while the document of any version cannot be read, for it may use any of them.
 */
export async function deleteUnusedUploads(
	bucket: Bucket,
	documents: VersionDocuments,
	{ name, state, buried }: { name: string; state: ModelState; buried: ReadonlySet<string> },
): Promise<void> {
	const used = new Set<string>();
	for (const number of state.live.keys()) {
		const document = await documents.read(name, number, state).catch(() => undefined);
		if (document === undefined) return;
		used.add(document.upload);
	}
	const start = uploadsKey(name);
	const files = (await bucket.list(start)).map(({ key, modified }) => ({
		key,
		upload: key.slice(start.length).split('/')[0],
		isOld: Date.now() - modified.getTime() > LEFT_BEHIND_MS,
	}));
	const young = new Set(files.filter(({ isOld }) => !isOld).map(({ upload }) => upload));
	const unused = files.filter(
		({ upload }) => !used.has(upload) && (buried.has(upload) || !young.has(upload)),
	);
	await bucket.delete(unused.map(({ key }) => key));
}
