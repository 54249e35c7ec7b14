import { SCALE_COLOURS, SCALE_STEPS, colourRange } from '../../src/imaging/colourScale';
import type { MapGeometry } from '../../src/imaging/geometry';
import { renderHeatmap } from '../../src/imaging/heatmap';
import type { RgbImage } from '../../src/imaging/image';
import { renderMask } from '../../src/imaging/regions';

const GEOMETRY: MapGeometry = {
	imageSize: 64,
	cropSize: 64,
	mapWidth: 16,
	mapHeight: 16,
	width: 64,
	height: 64,
};

function gray(level: number, { width, height }: MapGeometry = GEOMETRY): RgbImage {
	return { data: new Uint8Array(width * height * 3).fill(level), width, height, channels: 3 };
}

function pixel({ data, width }: RgbImage, x: number, y: number): number[] {
	return Array.from(data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3));
}

/** CIE lightness, 0..100, of an sRGB colour. */
function lightness([red, green, blue]: readonly number[]): number {
	const [r, g, b] = [red, green, blue].map((level) => {
		const share = level / 255;
		return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
	});
	const luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b;
	return luminance > 0.008856 ? 116 * Math.cbrt(luminance) - 16 : 903.3 * luminance;
}

test('lightness rises along the whole scale, so that it reads without seeing colours', () => {
	const steps = Array.from({ length: SCALE_STEPS }, (_, i) =>
		lightness([...SCALE_COLOURS.subarray(i * 3, i * 3 + 3)]),
	);
	for (let i = 16; i < SCALE_STEPS; i += 16) expect(steps[i] - steps[i - 16]).toBeGreaterThan(2);
	expect(steps[0]).toBeLessThan(10);
	expect(steps.at(-1)).toBeGreaterThan(90);
});

test('a value well below the threshold leaves the image untouched', () => {
	const image = gray(120);
	const heatmap = renderHeatmap(new Float32Array(256).fill(0.1), image, {
		geometry: GEOMETRY,
		anchor: { threshold: 0.3 },
	});
	expect(heatmap.data).toEqual(image.data);
	expect(heatmap.data).not.toBe(image.data);
});

test('opacity grows with the value and is full from the threshold on', () => {
	const shares = [0.15, 0.2, 0.25, 0.3].map((value) => {
		const map = new Float32Array(256).fill(value);
		const [, , blue] = pixel(
			renderHeatmap(map, gray(0), { geometry: GEOMETRY, anchor: { threshold: 0.3 }, opacity: 1 }),
			5,
			5,
		);
		const step = Math.round((value / 0.6) * 255);
		return blue / SCALE_COLOURS[step * 3 + 2];
	});
	expect(shares).toEqual([...shares].sort((a, b) => a - b));
	expect(shares[0]).toBeLessThan(0.02);
	expect(shares[1]).toBeGreaterThan(0.1);
	expect(shares[3]).toBeCloseTo(1, 2);
});

test('the same value gets the same colour, whatever else the map holds', () => {
	const calm = new Float32Array(256).fill(0.4);
	const wild = Float32Array.from(calm);
	wild.fill(5, 200);
	const options = { geometry: GEOMETRY, anchor: { threshold: 0.3 } };
	expect(pixel(renderHeatmap(wild, gray(90), options), 3, 3)).toEqual(
		pixel(renderHeatmap(calm, gray(90), options), 3, 3),
	);
});

test('a fixed scale serves where there is no threshold', () => {
	const map = new Float32Array(256).fill(2);
	const heatmap = renderHeatmap(map, gray(0), {
		geometry: GEOMETRY,
		anchor: { low: 0, high: 2 },
		opacity: 1,
	});
	expect(pixel(heatmap, 9, 9)).toEqual(Array.from(SCALE_COLOURS.subarray(-3)));
});

test('a threshold of 0, or a range without a length, still has a scale', () => {
	for (const anchor of [{ threshold: 0 }, { threshold: -1 }, { low: 1000, high: 1000 }]) {
		const { low, high } = colourRange(anchor);
		expect(high).toBeGreaterThan(low);
	}
	const map = new Float32Array(256).fill(0.1);
	const heatmap = renderHeatmap(map, gray(0), { geometry: GEOMETRY, anchor: { threshold: 0 }, opacity: 1 });
	expect(pixel(heatmap, 9, 9)).toEqual(Array.from(SCALE_COLOURS.subarray(-3)));
});

test('what the crop cut off stays as it was', () => {
	const geometry: MapGeometry = { ...GEOMETRY, imageSize: 80 };
	const heatmap = renderHeatmap(new Float32Array(256).fill(9), gray(77), {
		geometry,
		anchor: { threshold: 1 },
	});
	// A tenth of 64 pixels on each side, so centres up to 5.5 lie outside.
	expect(pixel(heatmap, 5, 32)).toEqual([77, 77, 77]);
	expect(pixel(heatmap, 6, 32)).not.toEqual([77, 77, 77]);
	expect(pixel(heatmap, 57, 32)).not.toEqual([77, 77, 77]);
	expect(pixel(heatmap, 58, 32)).toEqual([77, 77, 77]);
});

test("the outline is white on the mask's rim with black around it, and nowhere else", () => {
	const map = new Float32Array(256);
	for (let y = 5; y < 10; y++) map.fill(1, y * 16 + 5, y * 16 + 10);
	const mask = renderMask(map, { geometry: GEOMETRY, threshold: 0.5 });
	const heatmap = renderHeatmap(map, gray(120), { geometry: GEOMETRY, anchor: { threshold: 0.5 }, mask });
	const row = Array.from({ length: 64 }, (_, x) => pixel(heatmap, x, 30).join());
	const first = Array.from({ length: 64 }, (_, x) => mask.data[30 * 64 + x]).indexOf(255);
	expect(row[first]).toBe('255,255,255');
	expect(row[first - 1]).toBe('0,0,0');
	expect(row.filter((colour) => colour === '255,255,255')).toHaveLength(2);
	const plain = renderHeatmap(map, gray(120), { geometry: GEOMETRY, anchor: { threshold: 0.5 } });
	expect(pixel(heatmap, 30, 30)).toEqual(pixel(plain, 30, 30));
});
