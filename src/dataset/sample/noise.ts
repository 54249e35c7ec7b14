import type { Random } from '../../random';

/** Lattice points per axis; the noise repeats after as many units. */
const SIDE = 256;
const LAST = SIDE - 1;

/**
 * Smooth random texture ("value noise"): random numbers in [-1, 1] at whole coordinates, blended in between.
 * Drawn once and sampled at random offsets, which is an order of magnitude faster than hashing at every sample.
 */
export class Noise {
	private readonly lattice = new Float32Array(SIDE * SIDE);

	constructor(random: Random) {
		for (let i = 0; i < this.lattice.length; i++) this.lattice[i] = 2 * random.next() - 1;
	}

	/** Value at (x, y), in [-1, 1]; features are about one unit wide. */
	at(x: number, y: number): number {
		const left = Math.floor(x);
		const top = Math.floor(y);
		const x0 = left & LAST;
		const y0 = (top & LAST) * SIDE;
		const x1 = (left + 1) & LAST;
		const y1 = ((top + 1) & LAST) * SIDE;
		return this.blend(x - left, y - top, x0, x1, y0, y1);
	}

	/** Like `at`, but repeats in x after `period` units, a power of two up to 256: for textures around a circle. */
	around(x: number, y: number, period: number): number {
		const left = Math.floor(x);
		const top = Math.floor(y);
		const x0 = left & (period - 1);
		const x1 = (left + 1) & (period - 1);
		const y0 = (top & LAST) * SIDE;
		const y1 = ((top + 1) & LAST) * SIDE;
		return this.blend(x - left, y - top, x0, x1, y0, y1);
	}

	/** Sum of `octaves` layers, each half as strong and twice as fine as the one before; about in [-1, 1]. */
	fractal(x: number, y: number, octaves: number): number {
		let sum = 0;
		let weight = 0.5;
		let scale = 1;
		for (let octave = 0; octave < octaves; octave++) {
			// The offset keeps the layers from lining up at the origin.
			sum += weight * this.at(x * scale + octave * 37.7, y * scale + octave * 91.3);
			weight /= 2;
			scale *= 2;
		}
		return sum;
	}

	private blend(fx: number, fy: number, x0: number, x1: number, y0: number, y1: number): number {
		const { lattice } = this;
		const sx = fx * fx * (3 - 2 * fx);
		const sy = fy * fy * (3 - 2 * fy);
		const a = lattice[y0 + x0];
		const b = lattice[y0 + x1];
		const c = lattice[y1 + x0];
		const d = lattice[y1 + x1];
		const above = a + (b - a) * sx;
		return above + (c + (d - c) * sx - above) * sy;
	}
}
