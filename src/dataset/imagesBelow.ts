import { realpath } from 'node:fs/promises';
import { compareBytewise } from './order';
import { Tree } from './tree';

/** Absolute paths of all image files in a folder, at any depth, in bytewise order; what is passed over is told in words. */
export async function imagesBelow(root: string, onNotice: (line: string) => void): Promise<string[]> {
	const tree = await Tree.open(root);
	const seen = new Set<string>(); // a link to a folder above would go round in circles
	const found: string[] = [];
	const walk = async (folder: string): Promise<void> => {
		const real = await realpath(tree.absolute(folder));
		if (seen.has(real)) return;
		seen.add(real);
		const { images, folders } = await tree.list(folder);
		const below = (name: string): string => (folder === '' ? name : `${folder}/${name}`);
		for (const name of images) found.push(below(name));
		for (const name of folders) await walk(below(name));
	};
	await walk('');
	for (const { message } of tree.problems) onNotice(message);
	return found.sort(compareBytewise).map((name) => tree.absolute(name));
}
