// The sample dataset, and a few of its test images to post.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root, run } from '../setup.mjs';

const MARKER = '.dinomaly-sample.json';

/** Draws three products, good parts and defects with masks, unless they are there. */
export function drawSample(folder) {
	if (existsSync(path.join(folder, MARKER))) return console.log(`There already: ${folder}`);
	run(process.execPath, [path.join(root, 'dist', 'src', 'cli.js'), 'sample', folder], { shell: false });
}

/** One good part and the first of two kinds of defects, for each product: { category, kind, name, bytes }. */
export function pickImages(folder) {
	return folders(folder).flatMap((category) => {
		const test = path.join(folder, category, 'test');
		const defects = folders(test).filter((kind) => kind !== 'good');
		return ['good', ...defects.slice(0, 2)].map((kind) => {
			const name = readdirSync(path.join(test, kind)).sort()[0];
			return { category, kind, name, bytes: readFileSync(path.join(test, kind, name)) };
		});
	});
}

function folders(folder) {
	return readdirSync(folder, { withFileTypes: true })
		.filter((entry) => entry.isDirectory())
		.map(({ name }) => name)
		.sort();
}
