import type { Random } from '../../random';
import { BORE, CHAMFER, distanceToHole, HOLE, HOLES, HUB, RIM, type Surface } from './flangeShape';
import type { Noise } from './noise';
import { between, type DefectOrder, plusMinus } from './product';
import { curve, distanceOf, lineLength, mix, nearestOnLine, type Point, smoothstep } from './shapes';

/** What a defect changes, in the flange's own coordinates: pixels at the design side, from its axis. */
export interface FlangeDefect {
	/** Index of the bolt hole that was not drilled; -1 for none. */
	readonly closedHole: number;
	/** Signed distance to the metal that is still there: positive where the defect took it away. */
	removed(x: number, y: number): number;
	/** Changes slopes, tone and roughness of the surface. */
	shape(surface: Surface, x: number, y: number, radius: number): void;
	/** Changes the colour of a pixel of which the share `metal` is metal. */
	paint(color: [number, number, number], x: number, y: number, metal: number): void;
	/** Whether the place belongs to the defect: the mask. */
	covers(x: number, y: number, radius: number): boolean;
}

/** No defect. */
export const SOUND: FlangeDefect = {
	closedHole: -1,
	removed: () => -Infinity,
	shape: () => undefined,
	paint: () => undefined,
	covers: () => false,
};

/** Draws the lots for one defect. */
export function defectOf({ kind, severity, random }: DefectOrder, noise: Noise): FlangeDefect {
	const make = MAKERS[kind];
	return { ...SOUND, ...make(severity, random, noise) };
}

type Maker = (severity: number, random: Random, noise: Noise) => Partial<FlangeDefect>;

const MAKERS: Readonly<Record<string, Maker>> = {
	chipped_edge: chippedEdge,
	dent,
	missing_hole: missingHole,
	rust,
	scratch,
};

/** A piece broken out of the rim: metal is gone, and what is left is rough beside the break. */
function chippedEdge(severity: number, random: Random, noise: Noise): Partial<FlangeDefect> {
	const angle = 2 * Math.PI * random.next();
	const size = mix(6, 21, severity);
	const x0 = (RIM + 0.28 * size) * Math.cos(angle);
	const y0 = (RIM + 0.28 * size) * Math.sin(angle);
	const seed = 256 * random.next();
	const breakWidth = mix(2.5, 6, severity);
	const gap = (x: number, y: number): number => {
		const ragged = 0.3 * size * noise.fractal(x * 0.13 + seed, y * 0.13, 3);
		return distanceOf(x - x0, y - y0) - size - ragged;
	};
	return {
		removed: (x, y) => -gap(x, y),
		shape(surface, x, y) {
			const rough = smoothstep(breakWidth, breakWidth - 1.5, gap(x, y));
			if (rough === 0) return;
			surface.rough = rough;
			surface.slopeX += rough * (0.8 * noise.at(x * 0.5 + seed, y * 0.5) - 0.3 * Math.cos(angle));
			surface.slopeY += rough * (0.8 * noise.at(x * 0.5, y * 0.5 + seed) - 0.3 * Math.sin(angle));
			surface.tone *= 1 - 0.25 * rough;
		},
		covers: (x, y, radius) => radius < RIM + 0.5 && gap(x, y) < breakWidth,
	};
}

/** A knock from something blunt: a round hollow with a raised lip. */
function dent(severity: number, random: Random): Partial<FlangeDefect> {
	const size = mix(5, 12, severity);
	const depth = mix(0.5, 1.25, severity);
	const centre = placeOnFace(random, size + 3);
	const squash = between(random, 0.75, 1.3);
	const distance = (x: number, y: number): number =>
		distanceOf((x - centre.x) * squash, y - centre.y) / size;
	return {
		shape(surface, x, y) {
			const t = distance(x, y);
			if (t >= 1) return;
			// Steep half way up, level at the bottom and at the lip.
			const rise = Math.sin(Math.PI * t);
			const slope = depth * rise * Math.sqrt(rise);
			const r = t * size + 1e-6;
			surface.slopeX -= (slope * (x - centre.x) * squash) / r;
			surface.slopeY -= (slope * (y - centre.y)) / r;
			surface.rough = 0.6 * smoothstep(1, 0.7, t);
			surface.tone *= 1 - 0.25 * depth * smoothstep(1, 0, t);
		},
		covers: (x, y) => distance(x, y) < 0.97,
	};
}

/** A bolt hole that was not drilled: nothing but turned face where it should be. */
function missingHole(_severity: number, random: Random): Partial<FlangeDefect> {
	const closedHole = random.integer(HOLES.length);
	const { x: x0, y: y0 } = HOLES[closedHole];
	return { closedHole, covers: (x, y) => distanceOf(x - x0, y - y0) < HOLE + CHAMFER + 0.5 };
}

/** Blotches of rust, from a bloom to a crust. */
function rust(severity: number, random: Random, noise: Noise): Partial<FlangeDefect> {
	const size = mix(9, 25, severity);
	const centre = placeOnFace(random, 0.6 * size);
	const seed = 256 * random.next();
	const strength = mix(0.5, 0.92, severity);
	const stretch = between(random, 0.75, 1.35);
	const amount = (x: number, y: number): number => {
		const distance = distanceOf((x - centre.x) * stretch, (y - centre.y) / stretch) / size;
		if (distance > 1.5) return 0;
		return smoothstep(0.02, 0.28, 0.72 - distance + 0.75 * noise.fractal(x * 0.11 + seed, y * 0.11, 4));
	};
	return {
		paint(color, x, y, metal) {
			const share = strength * metal * amount(x, y);
			if (share === 0) return;
			const grain = 0.75 + 0.5 * noise.fractal(x * 0.6, y * 0.6 + seed, 2);
			const light = 0.35 + 0.65 * (color[0] + color[1] + color[2]);
			color[0] = mix(color[0], 0.3 * grain * light, share);
			color[1] = mix(color[1], 0.115 * grain * light, share);
			color[2] = mix(color[2], 0.035 * grain * light, share);
		},
		covers: (x, y, radius) => radius < RIM + 0.5 && amount(x, y) > 0.12,
	};
}

/** A groove ploughed across the face: a bright flank, a dark flank, ends that run out. */
function scratch(severity: number, random: Random): Partial<FlangeDefect> {
	const length = mix(30, 95, severity) * between(random, 0.85, 1.15);
	/** Pixels from the middle of the groove to where its flank ends. */
	const flank = mix(1.5, 3.3, severity);
	const depth = mix(0.6, 1.4, severity);
	const line = scratchLine(random, length);
	const total = lineLength(line);
	const heading = Math.atan2(line[line.length - 1].y - line[0].y, line[line.length - 1].x - line[0].x);
	const middle = line[line.length >> 1];
	const near = (x: number, y: number): boolean => distanceOf(x - middle.x, y - middle.y) < 0.6 * length + 4;
	return {
		shape(surface, x, y) {
			if (!near(x, y)) return;
			const { distance, side, along } = nearestOnLine(line, x, y);
			if (distance > flank) return;
			const fade = smoothstep(0, 7, along) * smoothstep(total, total - 7, along);
			const wall = 1 - (distance * distance) / (flank * flank);
			const profile = depth * fade * wall * wall;
			const facing = side * smoothstep(0, 0.6, distance);
			surface.slopeX += profile * facing * -Math.sin(heading);
			surface.slopeY += profile * facing * Math.cos(heading);
			surface.rough = Math.max(surface.rough, Math.min(1, profile));
			surface.tone *= 1 - 0.5 * side * profile * smoothstep(0, 0.4, distance) + 0.2 * profile;
		},
		covers: (x, y, radius) =>
			radius < RIM + 0.5 && near(x, y) && nearestOnLine(line, x, y).distance < 0.85 * flank,
	};
}

/** A slightly bent line that begins and ends on the face. */
function scratchLine(random: Random, length: number): Point[] {
	for (;;) {
		const start = placeOnFace(random, 6);
		const heading = 2 * Math.PI * random.next();
		const end = step(start, heading + plusMinus(random, 0.3), length);
		const radius = distanceOf(end.x, end.y);
		if (radius > BORE + 8 && radius < RIM - 8) return curve(start, step(start, heading, length / 2), end);
	}
}

/** A place on the plain face between hub and rim, or on the hub, clear of the bolt holes. */
function placeOnFace(random: Random, clearance: number): Point {
	for (;;) {
		const angle = 2 * Math.PI * random.next();
		const radius =
			random.next() < 0.25 ? between(random, 44, HUB - 6) : between(random, HUB + 12, RIM - 12);
		const place = { x: radius * Math.cos(angle), y: radius * Math.sin(angle) };
		if (distanceToHole(place.x, place.y, -1) > HOLE + Math.min(clearance, 10)) return place;
	}
}

function step(from: Point, heading: number, length: number): Point {
	return { x: from.x + length * Math.cos(heading), y: from.y + length * Math.sin(heading) };
}
