import { createHash } from 'node:crypto';
import type { ModelCard } from '../store/card';

/** One hash for everything that a model is made of: over name and hash of each of its files. */
export function modelHash({ files }: Pick<ModelCard, 'files'>): string {
	const digest = createHash('sha256');
	for (const name of Object.keys(files).sort()) digest.update(`${name} ${files[name].sha256}\n`);
	return digest.digest('hex');
}
