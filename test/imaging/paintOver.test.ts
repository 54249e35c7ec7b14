import fc from 'fast-check';
import type { RgbImage } from '../../src/imaging/image';
import type { InspectedPixels } from '../../src/imaging/inspectedPixels';
import { paintOver } from '../../src/imaging/paintOver';
import { createRandom } from '../../src/random';

const sizes = fc.record({
	width: fc.integer({ min: 1, max: 40 }),
	height: fc.integer({ min: 1, max: 40 }),
	seed: fc.integer({ min: 1, max: 1e6 }),
	share: fc.double({ min: 0.02, max: 1, noNaN: true }),
});

function noise(width: number, height: number, seed: number, [low, high] = [0, 256]): RgbImage {
	const random = createRandom(seed);
	const data = Uint8Array.from({ length: width * height * 3 }, () =>
		Math.floor(low + (high - low) * random.next()),
	);
	return { data, width, height, channels: 3 };
}

function pixels(width: number, flags: Uint8Array): InspectedPixels {
	return {
		writeRow: (y, target) => {
			target.set(flags.subarray(y * width, (y + 1) * width));
		},
	};
}

function flagsOf(length: number, seed: number, share: number): Uint8Array {
	const random = createRandom(seed + 1);
	return Uint8Array.from({ length }, () => Number(random.next() < share));
}

test('what stays is as it was, and nothing of what goes is left', () => {
	fc.assert(
		fc.property(sizes, ({ width, height, seed, share }) => {
			const flags = flagsOf(width * height, seed, share);
			const image = noise(width, height, seed);
			const other = noise(width, height, seed + 2);
			const mixed = {
				...image,
				data: image.data.map((v, i) => (flags[Math.floor(i / 3)] ? v : other.data[i])),
			};
			const painted = paintOver(image, pixels(width, flags));
			expect(paintOver(mixed, pixels(width, flags)).data).toEqual(painted.data);
			const kept = painted.data.map((v, i) => (flags[Math.floor(i / 3)] ? v : image.data[i]));
			expect(kept).toEqual(image.data);
		}),
	);
});

test('the paint lies between the darkest and the brightest of what stays', () => {
	fc.assert(
		fc.property(sizes, ({ width, height, seed, share }) => {
			const flags = flagsOf(width * height, seed, share);
			if (!flags.includes(1)) return;
			const image = noise(width, height, seed, [90, 120]);
			const around = image.data.map((v, i) => (flags[Math.floor(i / 3)] ? v : 255));
			const { data } = paintOver({ ...image, data: around }, pixels(width, flags));
			expect(Math.min(...data)).toBeGreaterThanOrEqual(90);
			expect(Math.max(...data)).toBeLessThanOrEqual(120);
		}),
	);
});

test('a hole in a slope is painted in its direction, in large images too', () => {
	const [width, height] = [700, 60];
	const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (Math.floor(i / 3) % width) / 3);
	const flags = new Uint8Array(width * height).fill(1);
	for (let y = 10; y < 50; y++) flags.fill(0, y * width + 300, y * width + 380);
	const { data: painted } = paintOver({ data, width, height, channels: 3 }, pixels(width, flags));
	const at = (x: number): number => painted[(30 * width + x) * 3];
	expect(at(305)).toBeLessThan(at(340));
	expect(at(340)).toBeLessThan(at(375));
	for (const x of [305, 340, 375]) expect(Math.abs(at(x) - x / 3)).toBeLessThan(12);
});

test('where nothing stays the image is black', () => {
	const { data } = paintOver(noise(5, 4, 1), pixels(5, new Uint8Array(20)));
	expect([...data].every((value) => value === 0)).toBe(true);
});
