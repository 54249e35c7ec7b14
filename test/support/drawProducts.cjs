// Draws products of the sample dataset in a thread of its own: inside jest every access to Math is twenty times as slow.
require('./typescript.cjs');
const { parentPort, workerData } = require('node:worker_threads');
const { PRODUCTS } = require('../../src/dataset/sample/drawSample.ts');
const { sampleNoise } = require('../../src/dataset/sample/drawPicture.ts');
const { photograph } = require('../../src/dataset/sample/picture.ts');
const { createRandom } = require('../../src/random.ts');

// Neither blur nor noise nor vignette: what is left is the drawing.
const BARE = { gain: 1, warmth: 1, vignette: 0, blur: 0 };
const noise = sampleNoise(1);

parentPort.postMessage(
	workerData.map(({ name, seed, side, kind, severity }) => {
		const product = PRODUCTS.find((candidate) => candidate.name === name);
		const order = kind === undefined ? null : { kind, severity, random: createRandom(100 + seed) };
		const picture = product.draw({ side, noise, variation: createRandom(seed) }, order);
		return { side, bytes: photograph(picture, BARE), mask: picture.mask };
	}),
);
