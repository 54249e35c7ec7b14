import { readFileSync } from 'node:fs';
import path from 'node:path';
import loadWabt from 'wabt';
import type { Raster } from '../../src/imaging/image';
import type { resizeBilinear, Window } from '../../src/imaging/resample';
import { MODULE } from '../../src/imaging/resampleVectors';
import { createRandom } from '../../src/random';

const VECTORS = '../../src/imaging/resampleVectors';
const SOURCE = path.join(__dirname, '../../src/imaging/resample.wat');

/** In place of both steps: there are no vectors. */
const without = jest.fn(() => null);

/** The resize with WebAssembly, and with TypeScript alone. */
function resizes(): Record<'vectors' | 'plain', typeof resizeBilinear> {
	const load = (): { resizeBilinear: typeof resizeBilinear } =>
		jest.requireActual('../../src/imaging/resample');
	const loaded: Partial<Record<'vectors' | 'plain', typeof resizeBilinear>> = {};
	jest.isolateModules(() => {
		loaded.vectors = load().resizeBilinear;
	});
	jest.isolateModules(() => {
		jest.doMock(VECTORS, () => ({ resizeRgbRows: without, resizeColumns: without }));
		loaded.plain = load().resizeBilinear;
		jest.dontMock(VECTORS);
	});
	return loaded as Record<'vectors' | 'plain', typeof resizeBilinear>;
}

function noise(width: number, height: number, channels: 1 | 3): Raster {
	const random = createRandom(width * 31 + height);
	const data = Uint8Array.from({ length: width * height * channels }, () =>
		// Extremes come often, as only they could overflow or leave the range of a byte.
		random.next() < 0.3 ? 255 * random.integer(2) : random.integer(256),
	);
	return { width, height, channels, data };
}

test('the compiled module is that of its source', async () => {
	const wabt = await loadWabt();
	const parsed = wabt.parseWat('resample.wat', readFileSync(SOURCE, 'utf8'), { simd: true });
	parsed.resolveNames();
	parsed.validate();
	expect(Buffer.from(parsed.toBinary({}).buffer).toString('base64')).toBe(MODULE.toString('base64'));
});

test.each<[number, number, number]>([
	[1, 1, 5],
	[2, 3, 28],
	[7, 301, 28],
	[640, 480, 224],
	[301, 7, 224],
	[4000, 2, 224],
	[3, 2500, 112],
	[224, 224, 224],
	[225, 224, 224],
])('%i x %i pixels come to the same bytes with vectors and without, whole and cut', (width, height, side) => {
	const { vectors, plain } = resizes();
	const size = { width: side, height: side };
	without.mockClear();
	const cut: Window = { x: 1, y: side >> 2, width: side - 2, height: side >> 1 };
	for (const channels of [1, 3] as const) {
		const image = noise(width, height, channels);
		for (const window of [undefined, cut, { ...cut, width: 1, height: 1 }]) {
			const [fast, slow] = [vectors(image, size, window), plain(image, size, window)];
			expect([fast.width, fast.height]).toEqual([slow.width, slow.height]);
			expect(Buffer.compare(fast.data, slow.data)).toBe(0);
		}
	}
	// Otherwise vectors would have been held against themselves.
	expect(without.mock.calls.length > 0).toBe(width !== side || height !== side);
});

test('a view into a larger array is read where it lies, and what is resized later leaves a result alone', () => {
	const { vectors, plain } = resizes();
	const image = noise(50, 40, 3);
	const around = new Uint8Array(image.data.length + 7).fill(255);
	around.set(image.data, 5);
	const view = { ...image, data: around.subarray(5, 5 + image.data.length) };
	const size = { width: 20, height: 20 };
	const first = vectors(view, size);
	vectors(noise(60, 60, 3), size);
	expect(Buffer.compare(first.data, plain(image, size).data)).toBe(0);
});
