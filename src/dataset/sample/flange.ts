import { GLYPH_HEIGHT, textDot, textWidth } from './font';
import { defectOf, type FlangeDefect, SOUND } from './flangeDefects';
import { BORE, CHAMFER, distanceToHole, HOLE, HOLE_CIRCLE, HUB, RIM, type Surface } from './flangeShape';
import type { Noise } from './noise';
import { createPicture, type Picture, type Rgb } from './picture';
import { DESIGN_SIDE, plusMinus, type Product, type Studio } from './product';
import { coverage, distanceOf, mix, roundedBox, smoothstep } from './shapes';

/** A turned steel flange on a dark mat: ring-shaped grooves, a hub, a bore with a keyway, six bolt holes, a stamped number. */
export const flange: Product = {
	name: 'metal_flange',
	defects: ['chipped_edge', 'dent', 'missing_hole', 'rust', 'scratch'],
	draw(studio, order) {
		const pose = randomPose(studio);
		const picture = createPicture(studio.side);
		drawFlange(picture, studio, pose, order === null ? SOUND : defectOf(order, studio.noise));
		return picture;
	},
};

const STEEL: Rgb = [0.8, 0.83, 0.87];
const MAT: Rgb = [0.03, 0.032, 0.036];
const NUMBER = 'FL62-B';
/** Pixels between the dots of the stamped number. */
const DOT_SPACING = 1.7;
/** Lamps as half vectors between lamp and camera, with their strength: a main lamp at the upper left, a fill, a strip. */
const LAMPS = [
	{ x: -0.36, y: -0.46, strength: 0.62 },
	{ x: 0.55, y: 0.1, strength: 0.26 },
	{ x: 0.1, y: 0.62, strength: 0.2 },
] as const;
const AMBIENT = 0.13;
/** How far the grooves scatter light along themselves and across, as slopes. */
const ALONG_GROOVES = 0.26;
const ACROSS_GROOVES = 0.8;

/** How one flange lies under the camera and how it was turned. */
interface Pose {
	readonly x: number;
	readonly y: number;
	readonly cos: number;
	readonly sin: number;
	readonly lampX: number;
	readonly lampY: number;
	readonly lamp: number;
	readonly grooves: number;
	readonly texture: number;
}

function randomPose({ side, variation }: Studio): Pose {
	const angle = plusMinus(variation, 0.07);
	return {
		x: side / 2 + plusMinus(variation, 0.014 * side),
		y: side / 2 + plusMinus(variation, 0.014 * side),
		cos: Math.cos(angle),
		sin: Math.sin(angle),
		lampX: plusMinus(variation, 0.06),
		lampY: plusMinus(variation, 0.06),
		lamp: 1 + plusMinus(variation, 0.06),
		grooves: 256 * variation.next(),
		texture: 256 * variation.next(),
	};
}

function drawFlange(picture: Picture, { side, noise }: Studio, pose: Pose, defect: FlangeDefect): void {
	const scale = DESIGN_SIDE / side;
	const color: [number, number, number] = [0, 0, 0];
	for (let row = 0, pixel = 0; row < side; row++) {
		for (let column = 0; column < side; column++, pixel++) {
			const px = (column - pose.x) * scale;
			const py = (row - pose.y) * scale;
			const x = px * pose.cos + py * pose.sin;
			const y = py * pose.cos - px * pose.sin;
			const radius = Math.sqrt(x * x + y * y);
			const metal = coverage(solidDistance(x, y, radius, defect));
			if (metal < 1) {
				layMat(
					color,
					px,
					py,
					noise.fractal(column * 0.45 * scale, row * 0.45 * scale + pose.texture, 3),
				);
				showWall(color, x, y, radius, defect);
			}
			if (metal > 0) {
				const light = steelLight(x, y, radius, pose, noise, defect);
				for (let c = 0; c < 3; c++) color[c] = mix(color[c], light * STEEL[c], metal);
				defect.paint(color, x, y, metal);
			}
			picture.rgb.set(color, 3 * pixel);
			// A mark on the surface ends where a hole begins.
			const marked = metal >= 0.5 || defect.removed(x, y) > 0;
			if (marked && defect.covers(x, y, radius)) picture.mask[pixel] = 255;
		}
	}
}

/** Distance to the solid metal: the rim less the bore, its keyway, the holes and what the defect took away. */
function solidDistance(x: number, y: number, radius: number, defect: FlangeDefect): number {
	const keyway = roundedBox(x, y + BORE + 2, 7, 10, 1.5);
	const opening = Math.min(radius - BORE, keyway);
	const hole = distanceToHole(x, y, defect.closedHole) - HOLE;
	return Math.max(radius - RIM, -opening, -hole, defect.removed(x, y));
}

function layMat(color: [number, number, number], x: number, y: number, texture: number): void {
	// The lamp stands at the upper left, so the shadow falls to the lower right.
	const shadow = smoothstep(16, -10, distanceOf(x - 7, y - 8) - RIM);
	const light = (1 + 0.55 * texture) * (1 - 0.62 * shadow) * (1 - 0.0012 * (x + y));
	for (let c = 0; c < 3; c++) color[c] = MAT[c] * light;
}

/** The inner walls of openings, seen on the side that faces away from the middle of the picture and towards the lamp. */
function showWall(
	color: [number, number, number],
	x: number,
	y: number,
	radius: number,
	defect: FlangeDefect,
): void {
	if (radius > RIM - 1) return;
	const depth = 3.4;
	const shifted = solidDistance(
		x + depth * 0.7,
		y + depth * 0.7,
		distanceOf(x + depth * 0.7, y + depth * 0.7),
		defect,
	);
	const wall = coverage(shifted);
	for (let c = 0; c < 3; c++) color[c] = mix(color[c] * 0.35, 0.16 * STEEL[c], wall);
}

const surface: Surface = { slopeX: 0, slopeY: 0, tone: 1, rough: 0 };

function steelLight(
	x: number,
	y: number,
	radius: number,
	pose: Pose,
	noise: Noise,
	defect: FlangeDefect,
): number {
	surface.slopeX = 0;
	surface.slopeY = 0;
	surface.tone = 1;
	surface.rough = 0;
	const rx = x / (radius + 1e-6);
	const ry = y / (radius + 1e-6);
	addTurnedProfile(radius, rx, ry);
	addHoleChamfer(x, y, defect);
	stampNumber(x, y);
	defect.shape(surface, x, y, radius);
	// The tool leaves rings: even along the circle, uneven across it, with slow changes around.
	const turn = Math.atan2(y, x) * (128 / Math.PI);
	const ring = noise.at(radius * 1.7 + pose.grooves, pose.texture);
	const streak =
		noise.around(turn / 4 + pose.grooves, radius * 0.9, 64) +
		noise.around(turn, radius * 1.3 + pose.texture, 256);
	const wobble = 0.05 * noise.around(turn / 16, radius * 0.8 + pose.grooves, 16);
	let light = AMBIENT;
	for (let i = 0; i < LAMPS.length; i++) {
		const lamp = LAMPS[i];
		const hx = lamp.x + pose.lampX - surface.slopeX;
		const hy = lamp.y + pose.lampY - surface.slopeY;
		const along = (hy * rx - hx * ry + wobble) / ALONG_GROOVES;
		const across = (hx * rx + hy * ry) / ACROSS_GROOVES;
		const turned = Math.exp(-along * along - across * across);
		const broken = 0.5 * Math.exp(-1.2 * (hx * hx + hy * hy));
		light += lamp.strength * mix(turned, broken, surface.rough);
	}
	return light * pose.lamp * surface.tone * (1 + 0.07 * ring + 0.06 * streak);
}

/** Slopes of chamfers and of the fillet between hub and face, all around the axis; the hub stands above the face. */
function addTurnedProfile(radius: number, rx: number, ry: number): void {
	let slope = 0.75 * smoothstep(RIM - 4.5, RIM - 3.5, radius);
	slope -= 0.7 * smoothstep(BORE + 4, BORE + 3, radius);
	slope += 0.95 * smoothstep(HUB - 0.5, HUB + 0.8, radius) * smoothstep(HUB + 4.5, HUB + 2.5, radius);
	surface.slopeX += slope * rx;
	surface.slopeY += slope * ry;
	// The corner where the fillet meets the face sees less of the room.
	const corner = (radius - HUB - 5.5) / 3;
	surface.tone *= 1 - 0.3 * Math.exp(-corner * corner);
}

function addHoleChamfer(x: number, y: number, defect: FlangeDefect): void {
	const radius = distanceOf(x, y);
	if (Math.abs(radius - HOLE_CIRCLE) > HOLE + CHAMFER + 1) return;
	const distance = distanceToHole(x, y, defect.closedHole);
	const slope = smoothstep(HOLE + CHAMFER + 0.5, HOLE + CHAMFER - 0.7, distance);
	if (slope === 0) return;
	// The gradient of the distance, by a difference of one pixel.
	surface.slopeX -= 0.8 * slope * (distanceToHole(x + 1, y, defect.closedHole) - distance);
	surface.slopeY -= 0.8 * slope * (distanceToHole(x, y + 1, defect.closedHole) - distance);
}

/** A number of punched dots along the circle of the holes, between the two lowest. */
function stampNumber(x: number, y: number): void {
	if (y < HOLE_CIRCLE - 2 * GLYPH_HEIGHT || Math.abs(x) > HOLE_CIRCLE / 2) return;
	const dotX = (HOLE_CIRCLE * Math.atan2(x, y)) / DOT_SPACING + textWidth(NUMBER) / 2;
	const dotY = (distanceOf(x, y) - HOLE_CIRCLE) / DOT_SPACING + GLYPH_HEIGHT / 2;
	const column = Math.floor(dotX);
	const row = Math.floor(dotY);
	if (!textDot(NUMBER, column, row)) return;
	const dx = dotX - column - 0.5;
	const dy = dotY - row - 0.5;
	const inside = smoothstep(0.52, 0.3, distanceOf(dx, dy));
	surface.slopeX += 1.1 * inside * dx;
	surface.slopeY += 1.1 * inside * dy;
	surface.tone *= 1 - 0.55 * inside;
}
