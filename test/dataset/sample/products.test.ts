import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { PRODUCTS } from '../../../src/dataset/sample/drawSample';

interface Order {
	readonly name: string;
	readonly seed: number;
	readonly side: number;
	readonly kind?: string;
	readonly severity?: number;
}

interface Drawn {
	readonly side: number;
	/** Three bytes a pixel, without noise and blur. */
	readonly bytes: Uint8Array;
	readonly mask: Uint8Array;
}

const SIDE = 320;
const SEED = 1;
/** Levels of 255: a change that small cannot be seen. */
const FAINT = 9;
/** Mean change inside a mask, in levels. */
const VISIBLE = 7;
/** The default centre crop loses a sixteenth of the picture at each side. */
const CROPPED = SIDE / 16;

const DEFECTS: Order[] = PRODUCTS.flatMap(({ name, defects }) =>
	defects.flatMap((kind) => [1, 0].map((severity) => ({ name, kind, severity, seed: SEED, side: SIDE }))),
);
const SOUND: Order[] = PRODUCTS.flatMap(({ name }) => [
	...[SEED, SEED, 2].map((seed) => ({ name, seed, side: SIDE })),
	{ name, seed: SEED, side: SIDE / 2 },
]);

const drawn = new Map<Order, Drawn>();

beforeAll(async () => {
	const orders = [...SOUND, ...DEFECTS];
	const half = Math.ceil(orders.length / 2);
	const pictures = await Promise.all([draw(orders.slice(0, half)), draw(orders.slice(half))]);
	pictures.flat().forEach((picture, i) => drawn.set(orders[i], picture));
});

test.each(DEFECTS)(
	'$name, $kind, severity $severity: the mask is exactly where the picture changed',
	(order) => {
		const broken = drawn.get(order)!;
		const change = differences(soundPictures(order.name)[0], broken);
		const near = grown(broken.mask);
		let area = 0;
		let inside = 0;
		let outside = 0;
		for (let i = 0; i < change.length; i++) {
			if (broken.mask[i] > 0) {
				area++;
				inside += change[i];
			}
			// One pixel of antialiasing around the mask.
			if (near[i] === 0 && change[i] > outside) outside = change[i];
		}
		expect(outside).toBeLessThanOrEqual(FAINT);
		expect(inside / area).toBeGreaterThan(VISIBLE);
		expect(area).toBeGreaterThan(12);
		expect(area).toBeLessThan(0.1 * SIDE * SIDE);
		expect(reachesCrop(broken.mask)).toBe(false);
	},
);

describe.each(PRODUCTS.map(({ name, defects }) => ({ name, defects })))('$name', ({ name, defects }) => {
	test('has at least four kinds of defects, in order', () => {
		expect(defects.length).toBeGreaterThanOrEqual(4);
		expect([...defects].sort()).toEqual(defects);
	});

	test('a normal piece has an empty mask and is the same for the same seed', () => {
		const [first, again] = soundPictures(name);
		expect(first.mask.every((value) => value === 0)).toBe(true);
		expect(Buffer.compare(first.bytes, again.bytes)).toBe(0);
	});

	test('no two pieces are alike, and all are alike in brightness', () => {
		const [first, , second] = soundPictures(name);
		const means = [first, second].map(({ bytes }) => mean(bytes));
		expect(Math.max(...means) / Math.min(...means)).toBeLessThan(1.15);
		expect(Math.min(...means)).toBeGreaterThan(40);
		expect(mean(differences(first, second))).toBeGreaterThan(3);
	});

	test('a picture of another side shows the same piece', () => {
		const [full, , other, half] = soundPictures(name);
		// Mean levels between a picture at half the side and every second pixel of a full one.
		const distance = (picture: Drawn): number => {
			let sum = 0;
			for (let i = 0; i < half.side * half.side; i++) {
				const x = i % half.side;
				const at = 2 * Math.floor(i / half.side) * SIDE + 2 * x;
				for (let c = 0; c < 3; c++)
					sum += Math.abs(half.bytes[3 * i + c] - picture.bytes[3 * at + c]);
			}
			return sum / half.bytes.length;
		};
		expect(distance(full)).toBeLessThan(0.6 * distance(other));
	});
});

function draw(orders: readonly Order[]): Promise<Drawn[]> {
	const worker = new Worker(path.join(__dirname, '../../support/drawProducts.cjs'), { workerData: orders });
	return new Promise((resolve, reject) => {
		worker.once('message', resolve);
		worker.once('error', reject);
	});
}

/** Seeds 1, 1, 2 at full side and 1 at half. */
function soundPictures(name: string): Drawn[] {
	return SOUND.filter((order) => order.name === name).map((order) => drawn.get(order)!);
}

/** Largest change of a channel, in levels of 255, for each pixel. */
function differences(a: Drawn, b: Drawn): Uint8Array {
	const change = new Uint8Array(a.bytes.length / 3);
	for (let i = 0; i < a.bytes.length; i++) {
		const at = Math.floor(i / 3);
		const level = Math.abs(a.bytes[i] - b.bytes[i]);
		if (level > change[at]) change[at] = level;
	}
	return change;
}

function mean(values: Uint8Array): number {
	let sum = 0;
	for (const value of values) sum += value;
	return sum / values.length;
}

/** The mask and its neighbouring pixels. */
function grown(mask: Uint8Array): Uint8Array {
	const result = new Uint8Array(mask.length);
	for (let i = 0; i < mask.length; i++) {
		if (mask[i] === 0) continue;
		for (let dy = -1; dy <= 1; dy++) {
			for (let dx = -1; dx <= 1; dx++) result[i + dy * SIDE + dx] = 255;
		}
	}
	return result;
}

function reachesCrop(mask: Uint8Array): boolean {
	for (let i = 0; i < mask.length; i++) {
		const x = i % SIDE;
		const y = Math.floor(i / SIDE);
		if (mask[i] > 0 && Math.min(x, y, SIDE - 1 - x, SIDE - 1 - y) < CROPPED) return true;
	}
	return false;
}
