// The main job on this machine, offline: draws a sample dataset, trains one model on its three categories with the
// embedded encoder, scores a few images and evaluates. A second run reuses what is there.
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { prepare, root, run } from './setup.mjs';

prepare();
const folder = path.join(root, '.dinomaly');
const store = path.join(folder, 'store');
const data = path.join(folder, 'sample');
const MODEL = 'sample';
const cli = (...args) =>
	run(process.execPath, [path.join(root, 'dist', 'src', 'cli.js'), ...args], { shell: false });
const inStore = ['--store', store];

function step(title) {
	console.log(`\n== ${title}`);
}

step('Draw a sample dataset: three products, good parts and defects with masks');
if (existsSync(data)) console.log(`There already: ${data}`);
else cli('sample', data);

step('Train one model on all three products (embedded encoder, CPU, a few minutes)');
if (existsSync(path.join(store, 'models', MODEL)))
	console.log(`There already: model "${MODEL}" (delete ${store} to train anew)`);
else cli('train', '--data', data, '--model', MODEL, '--preset', 'fast', '--resume', ...inStore);

step('Score two good and four defective images of each product, with heat maps');
const heatmaps = path.join(folder, 'heatmaps');
for (const category of folders(data)) {
	const test = path.join(data, category, 'test');
	const kinds = folders(test).filter((kind) => kind !== 'good');
	const defects = kinds.slice(0, 4).flatMap((kind) => firstFiles(path.join(test, kind), 1));
	const images = [...firstFiles(path.join(test, 'good'), 2), ...defects];
	// A product's own good images set its threshold.
	cli(
		'score',
		'--model',
		MODEL,
		'--category',
		category,
		...images,
		'--heatmap',
		path.join(heatmaps, category),
		...inStore,
	);
}
console.log(`Heat maps: ${heatmaps}`);

step('Evaluate on all test images');
cli('evaluate', '--model', MODEL, '--data', data, ...inStore);

function folders(dir) {
	return readdirSync(dir, { withFileTypes: true })
		.filter((entry) => entry.isDirectory())
		.map(({ name }) => name)
		.sort();
}

function firstFiles(dir, count) {
	return readdirSync(dir)
		.sort()
		.slice(0, count)
		.map((name) => path.join(dir, name));
}
