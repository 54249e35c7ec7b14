import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openTfjs } from '../../src/runtime/tfjs';

let root: string;
let count = 0;
beforeAll(() => {
	root = mkdtempSync(path.join(tmpdir(), 'dinomaly-tfjs-packages-'));
});
afterAll(() => {
	rmSync(root, { recursive: true });
});

/** Opens TensorFlow.js from a folder where packages that stand for its own are installed, each with code that it runs first. */
function open(packages: Readonly<Record<string, string>>): ReturnType<typeof openTfjs> {
	const folder = path.join(root, String(count++));
	for (const [name, before] of Object.entries(packages)) {
		const place = path.join(folder, 'node_modules', '@tensorflow', name);
		mkdirSync(place, { recursive: true });
		const description = { name: `@tensorflow/${name}`, main: 'main.js' };
		writeFileSync(path.join(place, 'package.json'), JSON.stringify(description));
		writeFileSync(path.join(place, 'main.js'), `${before}\n${STAND_IN}`);
	}
	return openTfjs([path.join(folder, 'package.json')]);
}

const STAND_IN = `let backend = 'tensorflow';
module.exports = {
	version: { tfjs: '4.0.0' },
	enableProdMode() {},
	async ready() {},
	getBackend: () => backend,
	async setBackend(name) { backend = name; },
};`;

test('of the packages that are installed the fastest is taken', async () => {
	expect(await open({ tfjs: '' })).toMatchObject({ name: '@tensorflow/tfjs 4.0.0 (cpu)', plain: true });
	const native = await open({ tfjs: '', 'tfjs-node': '' });
	expect(native).toMatchObject({ name: '@tensorflow/tfjs-node 4.0.0 (tensorflow)', plain: false });
	const gpu = await open({ tfjs: '', 'tfjs-node': '', 'tfjs-node-gpu': '' });
	expect(gpu.name).toBe('@tensorflow/tfjs-node-gpu 4.0.0 (tensorflow)');
});

test('one that does not load makes way for the next', async () => {
	const { name } = await open({ 'tfjs-node-gpu': "throw new Error('no CUDA here');", tfjs: '' });
	expect(name).toBe('@tensorflow/tfjs 4.0.0 (cpu)');
});

test('functions of node:util that Node.js 23 took away are there', async () => {
	const uses = `const util = require('util');
		if (!util.isNullOrUndefined(null) || util.isArray({}) || !util.isArray([])) throw new Error('removed');`;
	expect((await open({ 'tfjs-node': uses })).name).toContain('tfjs-node');
});

test('where none is installed, or none loads, the error says so and what to do', async () => {
	await expect(open({})).rejects.toMatchObject({
		code: 'RUNTIME_MISSING',
		message: expect.stringMatching(/tfjs-node, @tensorflow\/tfjs\).*none installed$/) as string,
		hint: expect.stringContaining('npm install @tensorflow/tfjs-node') as string,
	});
	await expect(open({ 'tfjs-node': "throw new Error('a library is missing');" })).rejects.toMatchObject({
		message: expect.stringMatching(/found @tensorflow\/tfjs-node: a library is missing$/) as string,
	});
});
