import type { RgbImage, Size } from '../../src/imaging/image';
import { createRandom, deriveSeed, type Random } from '../../src/random';

/** Surfaces as a camera above a line sees them: no two alike, and none with a scratch. */
export const SURFACES = ['panel', 'fabric', 'cast'] as const;
export type Surface = (typeof SURFACES)[number];

/** Grey levels of a surface before it is photographed, row by row, and what colour they are. */
export interface Plate extends Size {
	readonly level: Float32Array;
	/** Factors of red, green and blue. */
	readonly tint: readonly [number, number, number];
}

/** Deviation of a camera's noise, in levels of 255. */
const SENSOR_NOISE = 2;
/** Light falls off towards the corners by this share. */
const FALL_OFF = 0.12;
/** Three taps of the lens's blur along each axis. */
const BLUR_SIDE_TAP = 0.22;

/** Brushed sheet metal with rows of rivets, woven fabric, or a cast surface with pores. The same seed draws the same surface. */
export function drawSurface(surface: Surface, size: Size, seed: number): Plate {
	const random = createRandom(deriveSeed(seed, surface));
	switch (surface) {
		case 'panel':
			return drawPanel(size, random);
		case 'fabric':
			return drawFabric(size, random);
		case 'cast':
			return drawCast(size, random);
	}
}

/** What a camera makes of a surface: light that falls off, a lens that blurs a little, and noise. */
export function photograph({ level, tint, width, height }: Plate, seed: number): RgbImage {
	const random = createRandom(deriveSeed(seed, 'camera'));
	const exposure = 0.96 + 0.08 * random.next();
	const blurred = blur(level, { width, height });
	const data = new Uint8ClampedArray(width * height * 3);
	for (let y = 0, i = 0; y < height; y++) {
		const v = (2 * y) / height - 1;
		for (let x = 0; x < width; x++, i++) {
			const u = (2 * x) / width - 1;
			const lit = blurred[i] * exposure * (1 - (FALL_OFF * (u * u + v * v)) / 2);
			for (let c = 0; c < 3; c++)
				data[i * 3 + c] = lit * tint[c] + SENSOR_NOISE * 1.73 * (2 * random.next() - 1);
		}
	}
	return { data: new Uint8Array(data.buffer), width, height, channels: 3 };
}

/** Rivets stand in rows and columns this far apart, a little askew. */
const RIVET_STEP_PX = 500;
const RIVET_RADIUS_PX = 30;

function drawPanel({ width, height }: Size, random: Random): Plate {
	const level = new Float32Array(width * height);
	const tone = 122 + 12 * random.next();
	for (let y = 0, i = 0; y < height; y++) {
		// Brushing: grey levels that hang together along the row and not across rows.
		let brush = 0;
		for (let x = 0; x < width; x++, i++) {
			brush = 0.95 * brush + 8 * (random.next() - 0.5);
			level[i] = tone + brush;
		}
	}
	for (let y = RIVET_STEP_PX / 2; y < height; y += RIVET_STEP_PX)
		for (let x = RIVET_STEP_PX / 2; x < width; x += RIVET_STEP_PX)
			drawRivet(level, { width, height, x: x + random.integer(9) - 4, y: y + random.integer(9) - 4 });
	return { level, width, height, tint: [1, 1.01, 1.04] };
}

function drawRivet(
	level: Float32Array,
	{ width, height, x, y }: Size & { readonly x: number; readonly y: number },
): void {
	for (let v = Math.max(0, y - RIVET_RADIUS_PX); v < Math.min(height, y + RIVET_RADIUS_PX); v++) {
		for (let u = Math.max(0, x - RIVET_RADIUS_PX); u < Math.min(width, x + RIVET_RADIUS_PX); u++) {
			const distance = Math.hypot(u - x, v - y) / RIVET_RADIUS_PX;
			// A dome under light from above to the left.
			if (distance < 1)
				level[v * width + u] *= 1 + 0.4 * (1 - distance) - (0.3 * (u - x + v - y)) / RIVET_RADIUS_PX;
		}
	}
}

/** Width of a thread with the gap beside it. */
const THREAD_PX = 14;

function drawFabric({ width, height }: Size, random: Random): Plate {
	const level = new Float32Array(width * height);
	const tone = 118 + 10 * random.next();
	const warp = drawThreads(width, random);
	const weft = drawThreads(height, random);
	const [phaseX, phaseY] = [6.28 * random.next(), 6.28 * random.next()];
	for (let y = 0, i = 0; y < height; y++) {
		// The cloth does not lie straight.
		const shift = 3 * Math.sin(phaseX + y / 310);
		for (let x = 0; x < width; x++, i++) {
			const along = x + shift;
			const down = y + 3 * Math.sin(phaseY + x / 270);
			const [column, row] = [Math.floor(along / THREAD_PX), Math.floor(down / THREAD_PX)];
			const [across, below] = [along / THREAD_PX - column - 0.5, down / THREAD_PX - row - 0.5];
			const isWarp = (column + row) % 2 === 0;
			const round = isWarp ? 1 - 2.2 * across * across : 1 - 2.2 * below * below;
			const dip = isWarp ? 1 - 0.8 * below * below : 1 - 0.8 * across * across;
			const thread = isWarp
				? warp[(column + warp.length) % warp.length]
				: weft[(row + weft.length) % weft.length];
			level[i] = tone * round * dip * thread * (isWarp ? 1 : 0.9);
		}
	}
	return { level, width, height, tint: [0.86, 0.95, 1.12] };
}

/** How light each thread along an axis is: no two are alike. */
function drawThreads(extent: number, random: Random): Float32Array {
	return Float32Array.from(
		{ length: Math.ceil(extent / THREAD_PX) + 3 },
		() => 0.94 + 0.12 * random.next(),
	);
}

/** Widths and depths of the waves of a cast skin, in pixels and levels. */
const CAST_WAVES = [
	[420, 14],
	[70, 9],
	[14, 10],
] as const;
/** One pore in so many pixels. */
const PORE_EVERY_PX = 12_000;

function drawCast(size: Size, random: Random): Plate {
	const { width, height } = size;
	const level = new Float32Array(width * height).fill(126 + 10 * random.next());
	for (const [wave, depth] of CAST_WAVES) addWaves(level, size, { wave, depth, random });
	for (let pores = (width * height) / PORE_EVERY_PX; pores > 0; pores--) {
		const [x, y] = [random.integer(width), random.integer(height)];
		const radius = 1 + 2.5 * random.next() ** 2;
		const depth = 0.2 + 0.3 * random.next();
		for (let v = Math.max(0, y - 4); v < Math.min(height, y + 5); v++)
			for (let u = Math.max(0, x - 4); u < Math.min(width, x + 5); u++)
				if (Math.hypot(u - x, v - y) < radius) level[v * width + u] *= 1 - depth;
	}
	return { level, width, height, tint: [1, 0.99, 0.96] };
}

/** Adds noise whose grey levels are drawn every `wave` pixels and joined smoothly between. */
function addWaves(
	level: Float32Array,
	{ width, height }: Size,
	{ wave, depth, random }: { readonly wave: number; readonly depth: number; readonly random: Random },
): void {
	const columns = Math.ceil(width / wave) + 2;
	const knots = Float32Array.from(
		{ length: columns * (Math.ceil(height / wave) + 2) },
		() => depth * (random.next() - 0.5) * 2,
	);
	for (let y = 0, i = 0; y < height; y++) {
		const row = Math.floor(y / wave);
		const down = smooth(y / wave - row);
		for (let x = 0; x < width; x++, i++) {
			const column = Math.floor(x / wave);
			const along = smooth(x / wave - column);
			const k = row * columns + column;
			const upper = knots[k] + along * (knots[k + 1] - knots[k]);
			const lower = knots[k + columns] + along * (knots[k + columns + 1] - knots[k + columns]);
			level[i] += upper + down * (lower - upper);
		}
	}
}

function smooth(t: number): number {
	return t * t * (3 - 2 * t);
}

function blur(level: Float32Array, { width, height }: Size): Float32Array {
	const middle = 1 - 2 * BLUR_SIDE_TAP;
	const rows = new Float32Array(level.length);
	for (let i = 0; i < level.length; i++) {
		const x = i % width;
		const left = level[x === 0 ? i : i - 1];
		const right = level[x === width - 1 ? i : i + 1];
		rows[i] = middle * level[i] + BLUR_SIDE_TAP * (left + right);
	}
	const result = new Float32Array(level.length);
	for (let i = 0; i < level.length; i++) {
		const above = rows[i < width ? i : i - width];
		const below = rows[i >= width * (height - 1) ? i : i + width];
		result[i] = middle * rows[i] + BLUR_SIDE_TAP * (above + below);
	}
	return result;
}
