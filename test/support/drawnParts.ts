import { mkdirSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { createRandom } from '../../src/random';

const SIDE = 96;

/** What a drawn part is: a grey washer on a light table, a blue card with a white stripe, or something that no line makes. */
export type PartKind = 'washer' | 'card' | 'flower';

/** PNG bytes of a part that varies with the seed; a defect is a dark scratch. */
export async function drawPart(kind: PartKind, seed: number, hasDefect = false): Promise<Buffer> {
	const random = createRandom(seed);
	const vary = (middle: number, by: number): number => middle + by * (2 * random.next() - 1);
	const [x, y] = [vary(48, 2), vary(48, 2)];
	const scratch = hasDefect
		? `<path d="M ${x - 20} ${y - 18} l 16 10" stroke="#301010" stroke-width="4" />`
		: '';
	const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}">${DRAWN[kind]([x, y], vary)}${scratch}</svg>`;
	return sharp(Buffer.from(svg)).png().toBuffer();
}

/** Draws categories in the MVTec layout: good images to train on, good ones and defects to test with. */
export async function drawParts(root: string, kinds: readonly PartKind[], train = 16): Promise<void> {
	for (const kind of kinds) {
		const write = async (
			folder: string,
			count: number,
			from: number,
			hasDefect = false,
		): Promise<void> => {
			const target = path.join(root, kind, ...folder.split('/'));
			mkdirSync(target, { recursive: true });
			for (let i = 0; i < count; i++)
				await sharp(await drawPart(kind, from + i, hasDefect)).toFile(path.join(target, `${i}.png`));
		};
		await write('train/good', train, 100);
		await write('test/good', 4, 500);
		await write('test/scratch', 4, 700, true);
	}
}

type Vary = (middle: number, by: number) => number;

const DRAWN: Readonly<Record<PartKind, (centre: readonly [number, number], vary: Vary) => string>> = {
	washer: ([x, y], vary) =>
		`<rect width="100%" height="100%" fill="#e6e2da" /><circle cx="${x}" cy="${y}" r="${vary(32, 1)}" fill="#7d7f82" /><circle cx="${x}" cy="${y}" r="12" fill="#e6e2da" />`,
	card: ([x, y], vary) =>
		`<rect width="100%" height="100%" fill="#20242a" /><rect x="${x - 36}" y="${y - 24}" width="72" height="48" fill="#1f5fb0" /><rect x="${x - 36}" y="${y - vary(6, 1)}" width="72" height="10" fill="#ffffff" />`,
	flower: ([x, y], vary) =>
		`<rect width="100%" height="100%" fill="#58b030" />${[0, 60, 120, 180, 240, 300].map((turn) => `<ellipse cx="${x}" cy="${y - 20}" rx="9" ry="18" fill="#e02080" transform="rotate(${turn + vary(0, 5)} ${x} ${y})" />`).join('')}<circle cx="${x}" cy="${y}" r="9" fill="#ffe000" />`,
};
