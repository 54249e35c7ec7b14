import type { Random } from '../../random';
import type { Noise } from './noise';
import type { Rgb } from './picture';
import { between, type DefectOrder, plusMinus } from './product';
import { curve, distanceOf, mix, nearestOnLine, type Point, smoothstep } from './shapes';

/** What a defect changes, in the fabric's own coordinates: u across the warp and v across the weft, in thread pitches. */
export interface FabricDefect {
	/** How far the place on a thread is from being cut away, in pitches; 0 or less where the thread is gone. */
	cut(isWarp: boolean, index: number, u: number, v: number): number;
	/** Threads by which the weave is out of step at a crossing; 0 where it is right. */
	shift(warpIndex: number, weftIndex: number): number;
	/** Changes the colour at a place. */
	paint(color: [number, number, number], u: number, v: number): void;
	/** Whether the place belongs to the defect: the mask. */
	covers(u: number, v: number): boolean;
}

/** No defect. */
export const SOUND: FabricDefect = {
	cut: () => Infinity,
	shift: () => 0,
	paint: () => undefined,
	covers: () => false,
};

/** Draws the lots for one defect. */
export function defectOf({ kind, severity, random }: DefectOrder, noise: Noise): FabricDefect {
	return { ...SOUND, ...MAKERS[kind](severity, random, noise) };
}

type Maker = (severity: number, random: Random, noise: Noise) => Partial<FabricDefect>;

const MAKERS: Readonly<Record<string, Maker>> = {
	broken_thread: brokenThread,
	foreign_fibre: foreignFibre,
	hole,
	stain,
	wrong_weave: wrongWeave,
};

/** Farthest that a defect reaches from the middle, in pitches: inside the picture and its centre crop. */
const REACH = 16;

/** Pitches before its end from which a broken thread looks frayed. */
const FRAYED = 1;

/** A thread that ended and was not mended: it is missing over some length, with frayed ends. */
function brokenThread(severity: number, random: Random): Partial<FabricDefect> {
	const ofWarp = random.next() < 0.4;
	const half = mix(1.8, 8.5, severity);
	const middle = randomPlace(random, half + 1);
	const width = severity > 0.8 ? 2 : 1;
	const index = Math.floor(ofWarp ? middle.x : middle.y);
	const centre = ofWarp ? middle.y : middle.x;
	return {
		cut(isWarp, thread, u, v) {
			if (isWarp !== ofWarp || thread < index || thread >= index + width) return Infinity;
			return Math.abs((isWarp ? v : u) - centre) - half;
		},
		covers(u, v) {
			const across = ofWarp ? u : v;
			const along = ofWarp ? v : u;
			// Threads wander sideways and their ends are frayed over one pitch.
			return (
				across > index - 0.15 && across < index + width + 0.15 && Math.abs(along - centre) < half + 1
			);
		},
	};
}

/** A torn hole with ragged, frayed ends all around. */
function hole(severity: number, random: Random, noise: Noise): Partial<FabricDefect> {
	const size = mix(0.9, 3.6, severity);
	const centre = randomPlace(random, 1.8 * size);
	const stretch = between(random, 0.75, 1.35);
	const seed = 256 * random.next();
	const distance = (u: number, v: number): number => {
		const ragged = 0.35 * size * noise.fractal(u * 0.5 + seed, v * 0.5, 2);
		return distanceOf((u - centre.x) * stretch, (v - centre.y) / stretch) - size + ragged;
	};
	// Each thread tears at its own length.
	const cut = (isWarp: boolean, index: number, u: number, v: number): number =>
		distance(u, v) + 0.8 * noise.at(index * 3.7 + (isWarp ? seed : seed + 50), 0.5);
	return {
		cut,
		covers: (u, v) => Math.min(cut(true, Math.floor(u), u, v), cut(false, Math.floor(v), u, v)) < FRAYED,
	};
}

const FIBRES: readonly Rgb[] = [
	[0.55, 0.035, 0.04],
	[0.02, 0.02, 0.022],
	[0.78, 0.76, 0.7],
	[0.6, 0.42, 0.05],
];

/** A fibre from elsewhere that lies on the cloth, round and with a shadow beside it. */
function foreignFibre(severity: number, random: Random): Partial<FabricDefect> {
	const dye = FIBRES[random.integer(FIBRES.length)];
	const length = mix(5, 17, severity);
	const width = mix(0.11, 0.3, severity);
	const middle = randomPlace(random, length / 2);
	const heading = 2 * Math.PI * random.next();
	const bend = plusMinus(random, 0.45) * length;
	const end = (sign: number): Point => ({
		x: middle.x + (sign * length * Math.cos(heading)) / 2,
		y: middle.y + (sign * length * Math.sin(heading)) / 2,
	});
	const control = { x: middle.x - bend * Math.sin(heading), y: middle.y + bend * Math.cos(heading) };
	const line = curve(end(-1), control, end(1), 20);
	const near = (u: number, v: number): boolean => distanceOf(u - middle.x, v - middle.y) < length;
	const lift = 0.9 * width;
	const shade = (u: number, v: number): number =>
		0.55 * smoothstep(2 * width, 0.6 * width, nearestOnLine(line, u - lift, v - lift).distance);
	return {
		paint(color, u, v) {
			if (!near(u, v)) return;
			const { distance, side } = nearestOnLine(line, u, v);
			const shadow = 1 - shade(u, v);
			const inside = smoothstep(width + 0.06, width - 0.06, distance);
			const across = Math.min(1, distance / width);
			const light = 0.35 + 0.75 * Math.sqrt(1 - across * across) - 0.2 * side * across;
			for (let c = 0; c < 3; c++) color[c] = mix(color[c] * shadow, dye[c] * light, inside);
		},
		covers: (u, v) =>
			near(u, v) && (nearestOnLine(line, u, v).distance < width + 0.06 || shade(u, v) > 0.08),
	};
}

/** Oil or coffee soaked into the yarn: darker, warmer, with a tide mark at its edge. */
function stain(severity: number, random: Random, noise: Noise): Partial<FabricDefect> {
	const size = mix(1.6, 5, severity);
	const centre = randomPlace(random, 1.5 * size);
	const strength = mix(0.35, 0.68, severity);
	const seed = 256 * random.next();
	const amount = (u: number, v: number): number => {
		const distance = distanceOf(u - centre.x, v - centre.y) / size;
		if (distance > 1.7) return 0;
		const spread = 1 - distance + 0.45 * noise.fractal(u * 0.22 + seed, v * 0.22, 3);
		const tide = 0.3 * smoothstep(0.3, 0.1, spread);
		return smoothstep(0, 0.12, spread) * (0.85 + tide);
	};
	return {
		paint(color, u, v) {
			const share = strength * amount(u, v);
			color[0] *= 1 - 0.85 * share;
			color[1] *= 1 - 0.97 * share;
			color[2] *= 1 - share;
		},
		covers: (u, v) => amount(u, v) > 0.1,
	};
}

/** Crossings out of step with the twill: its diagonal breaks. */
function wrongWeave(severity: number, random: Random): Partial<FabricDefect> {
	const length = Math.round(mix(5, 15, severity));
	const centre = randomPlace(random, length / 2 + 1);
	const height = Math.round(mix(1, 8, severity));
	const ofWarp = random.next() < 0.4;
	const left = Math.round(centre.x - (ofWarp ? height : length) / 2);
	const top = Math.round(centre.y - (ofWarp ? length : height) / 2);
	const right = left + (ofWarp ? height : length);
	const bottom = top + (ofWarp ? length : height);
	return {
		shift: (i, j) => (i >= left && i < right && j >= top && j < bottom ? 2 : 0),
		// A thread begins to swing half a pitch before the first crossing that is wrong.
		covers: (u, v) => u > left - 0.5 && u < right + 0.5 && v > top - 0.5 && v < bottom + 0.5,
	};
}

/** A place for something that reaches `extent` pitches from its own middle. */
function randomPlace(random: Random, extent: number): Point {
	return { x: plusMinus(random, REACH - extent), y: plusMinus(random, REACH - extent) };
}
