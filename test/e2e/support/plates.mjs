// A product so simple that a training of seconds tells good from bad: ribbed plates, some with a bright spot.
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const sharp = createRequire(import.meta.url)('sharp');
const SIDE = 96;
const SPOT = 22;
const COUNTS = { 'train/good': 30, 'test/good': 6, 'test/spot': 6 };

/** Writes the category `plate` in the MVTec AD layout. */
export async function drawPlates(folder) {
	const random = randomFrom(1);
	for (const [kind, count] of Object.entries(COUNTS)) {
		const target = path.join(folder, 'plate', ...kind.split('/'));
		mkdirSync(target, { recursive: true });
		for (let i = 0; i < count; i++)
			await encode(plate(random, kind.endsWith('spot'))).toFile(path.join(target, `${i}.png`));
	}
}

/** A plate that is in no dataset, as PNG bytes. */
export function newPlate(seed, { hasSpot = false } = {}) {
	return encode(plate(randomFrom(1000 + seed), hasSpot)).toBuffer();
}

/** The same picture in another encoding. @param change sharp's pipeline in, sharp's pipeline out */
export function reencode(bytes, change) {
	return change(sharp(bytes)).toBuffer();
}

/** A gray PNG of this size, small as a file. */
export function huge(width, height) {
	const background = { r: 120, g: 120, b: 120 };
	return sharp({ create: { width, height, channels: 3, background } })
		.png()
		.toBuffer();
}

function plate(random, hasSpot) {
	const pixels = Buffer.alloc(SIDE * SIDE * 3);
	const base = 90 + 10 * random();
	const at = [random(), random()].map((share) => Math.floor(share * (SIDE - SPOT)));
	for (let y = 0; y < SIDE; y++) {
		for (let x = 0; x < SIDE; x++) {
			const isSpot = hasSpot && x >= at[0] && x < at[0] + SPOT && y >= at[1] && y < at[1] + SPOT;
			const gray = base + ((x >> 3) % 2 ? 25 : 0) + 8 * random();
			const colour = isSpot ? [240, 230, 30] : [gray, 0.9 * gray, 0.8 * gray];
			pixels.set(colour, (y * SIDE + x) * 3);
		}
	}
	return pixels;
}

function encode(pixels) {
	return sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } }).png();
}

/** A linear congruential generator: the same pictures everywhere. */
function randomFrom(seed) {
	let state = seed;
	return () => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return state / 2 ** 32;
	};
}
