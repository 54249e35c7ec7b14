import type { RgbImage } from '../imaging/image';
import { createRandom } from '../random';

const WIDTH = 400;
const HEIGHT = 300;
/** Side of the squares of the checkerboard, pixels. */
const SQUARE = 32;
const SEED = 1;

/**
 * Pictures that show nothing, plain and patterned: how far an encoder puts them from good images says what a large distance is for it.
 * Always the same.
 */
export function controlPictures(): RgbImage[] {
	const random = createRandom(SEED);
	return [
		paint(() => 0),
		paint(() => 128),
		paint(() => 255),
		paint((_, __, channel) => (channel === 0 ? 200 : 20)),
		paint((x) => Math.floor((256 * x) / WIDTH)),
		paint((x, y) => 255 * ((Math.floor(x / SQUARE) + Math.floor(y / SQUARE)) % 2)),
		paint(() => Math.floor(256 * random.next())),
	];
}

function paint(valueAt: (x: number, y: number, channel: number) => number): RgbImage {
	const data = new Uint8Array(WIDTH * HEIGHT * 3);
	for (let i = 0; i < data.length; i++) {
		const pixel = Math.floor(i / 3);
		data[i] = valueAt(pixel % WIDTH, Math.floor(pixel / WIDTH), i % 3);
	}
	return { data, width: WIDTH, height: HEIGHT, channels: 3 };
}
