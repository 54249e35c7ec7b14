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

step('Score two good and two defective images of each product, with heat maps');
const images = readdirSync(data, { withFileTypes: true })
	.filter((entry) => entry.isDirectory())
	.flatMap(({ name }) => {
		const test = path.join(data, name, 'test');
		const good = firstFiles(path.join(test, 'good'), 2);
		const kinds = readdirSync(test)
			.filter((kind) => kind !== 'good')
			.slice(0, 2);
		return [...good, ...kinds.flatMap((kind) => firstFiles(path.join(test, kind), 1))];
	});
const heatmaps = path.join(folder, 'heatmaps');
cli('score', '--model', MODEL, ...images, '--heatmap', heatmaps, ...inStore);
console.log(`Heat maps: ${heatmaps}`);

step('Evaluate on all test images');
cli('evaluate', '--model', MODEL, '--data', data, ...inStore);

function firstFiles(dir, count) {
	return readdirSync(dir)
		.sort()
		.slice(0, count)
		.map((name) => path.join(dir, name));
}
