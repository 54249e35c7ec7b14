// A host process of its own, so that no other test's memory is collected in it: prints, in milliseconds, how long its event loop
// was held up at most while images went to a fake engine and came back (`ours`), and while the same bytes did so in one message
// (`whole`). Both on this machine, moments apart: their ratio does not depend on how fast or busy it is.
require('./typescript.cjs');
const assert = require('node:assert/strict');
const { fork } = require('node:child_process');
const { join } = require('node:path');
const { openEngine } = require('../../src/engine/host.ts');

if (process.argv[2] === 'echo') {
	process.on('message', (message) => process.send(message));
	process.send('ready');
} else void main();

async function main() {
	const bytes = new Uint8Array(96 * 2 ** 20);
	bytes[bytes.length - 1] = 42;
	const engine = openEngine({ entry: join(__dirname, 'fakeEngine.cjs') });
	const echo = fork(__filename, ['echo'], { serialization: 'advanced' });
	await answer(echo);
	await engine.train({ store: '/store', data: '/data', model: 'quick' });
	const ours = [];
	const whole = [];
	for (let attempt = 0; attempt < 4; attempt++) {
		ours.push(await longestGap(() => score(engine, bytes)));
		whole.push(
			await longestGap(async () => {
				const back = answer(echo);
				echo.send(bytes);
				assert.equal((await back).length, bytes.length);
			}),
		);
	}
	echo.kill();
	await engine.close();
	// Another process's turn on the core lengthens single gaps: what we hold up ourselves shows in every attempt.
	console.log(JSON.stringify({ ours: Math.min(...ours), whole: Math.min(...whole) }));
}

/** A huge image and a small one, with heat maps back, beside an image that keeps the engine's own loop busy. */
async function score(engine, bytes) {
	const [[first], [huge, small]] = await Promise.all([
		engine.score({ store: '/s', model: 'busy', images: [{ file: 'a' }] }),
		engine.score({
			store: '/s',
			model: 'm',
			images: [
				{ name: 'huge', bytes },
				{ name: 'small', bytes: new Uint8Array([5]) },
			],
			outputs: { heatmap: true },
		}),
	]);
	assert.equal(first.file, 'a');
	assert.equal(huge.heatmapPng.length, bytes.length);
	assert.deepEqual([...huge.heatmapPng.subarray(0, 2)], [42, 7]);
	assert.deepEqual([...small.heatmapPng], [5, 7, 7]);
}

function answer(child) {
	return new Promise((resolve) => child.once('message', resolve));
}

async function longestGap(work) {
	let last = performance.now();
	let longest = 0;
	const look = () => {
		const now = performance.now();
		longest = Math.max(longest, now - last);
		last = now;
	};
	const timer = setInterval(look, 1);
	await work();
	look();
	clearInterval(timer);
	return longest;
}
