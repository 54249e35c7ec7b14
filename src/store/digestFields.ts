import type { FileDigest } from '../files/digest';
import type { JsonFields } from './jsonFields';
import { isName } from './names';

/** Reads a map of file names to digests from a file named `own`, which is never in it; throws MODEL_INVALID. */
export function readDigests(files: JsonFields, own: string): Record<string, FileDigest> {
	const digests: Record<string, FileDigest> = {};
	for (const name of files.keys()) {
		if (!isName(name, 'file') || name === own)
			throw files.unexpected(name, 'absent, since no file here has this name');
		const digest = files.object(name);
		digests[name] = { sha256: digest.sha256('sha256'), bytes: digest.count('bytes') };
	}
	return digests;
}
