import { defectOf, type FabricDefect, SOUND } from './fabricDefects';
import type { Noise } from './noise';
import { createPicture, type Picture, type Rgb } from './picture';
import { DESIGN_SIDE, plusMinus, type Product, type Studio } from './product';
import { mix, smoothstep } from './shapes';

/** A close-up of a woven 2/2 twill: blue warp, ecru weft, threads of uneven thickness and tone, loose fibres. */
export const fabric: Product = {
	name: 'woven_fabric',
	defects: ['broken_thread', 'foreign_fibre', 'hole', 'stain', 'wrong_weave'],
	draw(studio, order) {
		const cloth = randomCloth(studio);
		const picture = createPicture(studio.side);
		drawFabric(picture, studio, cloth, order === null ? SOUND : defectOf(order, studio.noise));
		return picture;
	},
};

/** Pixels from one thread to the next, at the design side. */
export const PITCH = 7.6;
const WARP: Rgb = [0.1, 0.145, 0.25];
const WEFT: Rgb = [0.52, 0.48, 0.4];
/** What shows through a hole: the table under the cloth. */
const TABLE: Rgb = [0.016, 0.015, 0.014];
/** Half the width of a thread, in pitches. */
const HALF_WIDTH = 0.49;
/** How far a thread rises above and sinks below the middle of the cloth, in thread diameters. */
const RISE = 0.62;

/** How one piece of cloth lies and what its threads are like. */
interface Cloth {
	readonly cos: number;
	readonly sin: number;
	readonly pitch: number;
	readonly phaseX: number;
	readonly phaseY: number;
	/** Offsets into the noise. */
	readonly wander: number;
	readonly fibre: number;
	/** Light from one side, as a change from edge to edge. */
	readonly slantX: number;
	readonly slantY: number;
	readonly light: number;
}

function randomCloth({ variation }: Studio): Cloth {
	const angle = plusMinus(variation, 0.03);
	return {
		cos: Math.cos(angle),
		sin: Math.sin(angle),
		pitch: PITCH * (1 + plusMinus(variation, 0.012)),
		phaseX: plusMinus(variation, 2),
		phaseY: plusMinus(variation, 2),
		wander: 256 * variation.next(),
		fibre: 256 * variation.next(),
		slantX: plusMinus(variation, 0.14),
		slantY: plusMinus(variation, 0.14),
		light: 1 + plusMinus(variation, 0.06),
	};
}

/** A thread at one place; two objects serve all pixels. */
interface Strand {
	/** Height of its surface, in thread diameters above the middle of the cloth; -Infinity where there is none. */
	height: number;
	/** Place across the thread, from -1 to 1. */
	across: number;
	/** Slope of the thread along itself. */
	climb: number;
	tone: number;
}

const warp: Strand = { height: 0, across: 0, climb: 0, tone: 1 };
const weft: Strand = { height: 0, across: 0, climb: 0, tone: 1 };

function drawFabric(picture: Picture, { side, noise }: Studio, cloth: Cloth, defect: FabricDefect): void {
	const scale = DESIGN_SIDE / side;
	const color: [number, number, number] = [0, 0, 0];
	for (let row = 0, pixel = 0; row < side; row++) {
		for (let column = 0; column < side; column++, pixel++) {
			const x = (column - side / 2) * scale;
			const y = (row - side / 2) * scale;
			const u = (x * cloth.cos + y * cloth.sin) / cloth.pitch + cloth.phaseX;
			const v = (y * cloth.cos - x * cloth.sin) / cloth.pitch + cloth.phaseY;
			layThread(warp, true, u, v, cloth, noise, defect);
			layThread(weft, false, v, u, cloth, noise, defect);
			colorThreads(color, cloth, noise, u, v);
			defect.paint(color, u, v);
			const light = cloth.light * (1 + (cloth.slantX * column + cloth.slantY * row) / side);
			for (let c = 0; c < 3; c++) picture.rgb[3 * pixel + c] = color[c] * light;
			if (defect.covers(u, v)) picture.mask[pixel] = 255;
		}
	}
}

/** Finds the thread that passes at `across` (in pitches across its kind) and `along` (in pitches along it). */
function layThread(
	strand: Strand,
	isWarp: boolean,
	across: number,
	along: number,
	cloth: Cloth,
	noise: Noise,
	defect: FabricDefect,
): void {
	const index = Math.floor(across);
	// Warp and weft take their irregularities from different places in the noise.
	const own = (isWarp ? 0.37 : 100.61) + index * 7.13;
	const wander = 0.13 * noise.at(own + cloth.wander, along * 0.11);
	const thickness = 1 + 0.13 * noise.at(along * 0.23 + cloth.wander, own);
	const cut = defect.cut(isWarp, index, isWarp ? across : along, isWarp ? along : across);
	// A broken end is thin and frayed.
	const end = cut >= 1 ? 1 : 0.35 + 0.65 * smoothstep(0, 1, cut);
	const place = (across - index - 0.5 - wander) / (HALF_WIDTH * thickness * end);
	strand.across = place;
	if (cut <= 0 || place <= -1 || place >= 1) {
		strand.height = -Infinity;
		return;
	}
	// The thread swings between above and below from the middle of one crossing to the middle of the next.
	const crossing = Math.floor(along - 0.5);
	const t = along - 0.5 - crossing;
	const from = isAbove(isWarp, index, crossing, defect) ? RISE : -RISE;
	const to = isAbove(isWarp, index, crossing + 1, defect) ? RISE : -RISE;
	strand.height = mix(from, to, t * t * (3 - 2 * t)) + 0.5 * Math.sqrt(1 - place * place);
	strand.climb = (to - from) * 6 * t * (1 - t);
	const yarn = noise.at(own, along * 0.08 + cloth.fibre);
	const twist = noise.at(
		(place * 0.55 + along * 1.5) * 1.6 + own,
		place * 0.9 + along * 0.25 + cloth.fibre,
	);
	const fray = cut < 1 ? 0.5 * noise.at(place * 4, along * 9) : 0;
	strand.tone = 1 + 0.1 * yarn + 0.26 * twist + fray;
}

function isAbove(isWarp: boolean, index: number, crossing: number, defect: FabricDefect): boolean {
	const warpIndex = isWarp ? index : crossing;
	const weftIndex = isWarp ? crossing : index;
	const warpAbove = ((warpIndex + weftIndex + (defect.shift(warpIndex, weftIndex) & 3)) & 3) < 2;
	return warpAbove === isWarp;
}

/** Light on the upper of the two threads; the lamp stands at the upper left. */
function colorThreads(
	color: [number, number, number],
	cloth: Cloth,
	noise: Noise,
	u: number,
	v: number,
): void {
	const isWarp = warp.height >= weft.height;
	const top = isWarp ? warp : weft;
	if (top.height === -Infinity) {
		for (let c = 0; c < 3; c++) color[c] = TABLE[c];
		return;
	}
	const bulge = Math.sqrt(1 - top.across * top.across);
	const nx = isWarp ? top.across : -top.climb * 0.5;
	const ny = isWarp ? -top.climb * 0.5 : top.across;
	const norm = 1 / Math.sqrt(nx * nx + ny * ny + bulge * bulge + 0.05);
	const lambert = Math.max(0, (-0.42 * nx - 0.5 * ny + 0.76 * bulge) * norm);
	// Deep places and the seam where two threads touch see little of the room.
	const other = isWarp ? weft.height : warp.height;
	const open = 0.3 + 0.7 * smoothstep(-0.75, 0.85, top.height);
	const seam = 0.62 + 0.38 * smoothstep(0, 0.4, top.height - other);
	const fuzz = 1 + 0.12 * noise.at(u * 9 + cloth.fibre, v * 9);
	const light = (0.34 + 0.86 * lambert) * open * seam * top.tone * fuzz;
	const sheen = 0.03 * lambert * lambert * lambert * lambert * lambert * lambert;
	const dye = isWarp ? WARP : WEFT;
	for (let c = 0; c < 3; c++) color[c] = dye[c] * light + sheen;
}
