import { type BoardCanvas, type Brush, dip, tint } from './boardCanvas';
import { leadAt, LEADS, leadRows } from './boardLeads';
import { LAMP, type Part, type PartKind, printBox, type Shape, shadowOf, SHAPES } from './boardParts';
import { GLYPH_HEIGHT, textInk } from './font';
import type { Noise } from './noise';
import type { Rgb } from './picture';
import { clamp, coverage, distanceOf, mix, roundedBox, smoothstep } from './shapes';

const TIN: Rgb = [0.62, 0.63, 0.62];

const GOLD: Rgb = [0.62, 0.42, 0.13];

const EPOXY: Rgb = [0.022, 0.022, 0.024];

const PRINT: Rgb = [0.36, 0.36, 0.35];

const ALUMINIUM: Rgb = [0.5, 0.51, 0.52];

const INKS: Partial<Readonly<Record<PartKind, Rgb>>> = {
	crystal: [0.07, 0.07, 0.08],
	inductor: [0.5, 0.5, 0.48],
	resistor: [0.6, 0.6, 0.58],
	sticker: [0.02, 0.02, 0.024],
};

/** Draws a part with its shadow and its print. */
export function drawPart(canvas: BoardCanvas, part: Part, noise: Noise): void {
	const shape = SHAPES[part.kind];
	const lamp = canvas.towards(LAMP, part.angle);
	const reach = distanceOf(shape.halfWidth, shape.halfHeight) + shape.height + LEADS;
	canvas.shade(part, reach, (x, y) => 1 - shadowOf(shape, lamp, x, y));
	const paint = PAINTERS[part.kind];
	canvas.paint(part, reach, (brush, x, y) => {
		paint(brush, x, y, { part, shape, lamp, noise });
		if (brush.opacity === 0) return;
		for (let c = 0; c < 3; c++) brush.color[c] *= part.tone;
		if (shape.dot > 0) print(brush, x, y, part, shape);
	});
}

/** Whether a place (relative to the part) shows the part itself. */
export function showsPart(part: Part, x: number, y: number): boolean {
	const shape = SHAPES[part.kind];
	if (roundedBox(x, y, shape.halfWidth, shape.halfHeight, shape.corner) < 0.6) return true;
	return leadRows(part.kind).some((side) => leadAt(part.kind, side, x, y) !== null);
}

/** Share of light that a part takes from the board at a place relative to it. */
export function shadeOf(canvas: BoardCanvas, part: Part, x: number, y: number): number {
	return shadowOf(SHAPES[part.kind], canvas.towards(LAMP, part.angle), x, y);
}

interface Scene {
	readonly part: Part;
	readonly shape: Shape;
	/** Direction of the lamp as the part sees it. */
	readonly lamp: { readonly x: number; readonly y: number };
	readonly noise: Noise;
}

type Painter = (brush: Brush, x: number, y: number, scene: Scene) => void;

const PAINTERS: Readonly<Record<PartKind, Painter>> = {
	capacitor,
	ceramic: (brush, x, y, scene) => {
		chipComponent(brush, x, y, scene, [0.33, 0.22, 0.12], 2.6);
	},
	chip: packaged,
	connector,
	crystal,
	inductor,
	led,
	processor: packaged,
	resistor: (brush, x, y, scene) => {
		chipComponent(brush, x, y, scene, [0.026, 0.026, 0.03], 2.4);
	},
	screw,
	sticker,
};

/** Light on the bevelled edge of a body, 1 on its flat top. */
function bevel(x: number, y: number, { shape, lamp }: Scene, width: number, strength: number): number {
	const toX = shape.halfWidth - Math.abs(x);
	const toY = shape.halfHeight - Math.abs(y);
	const edge = smoothstep(width, 0.3, Math.min(toX, toY));
	const facing = toX < toY ? Math.sign(x) * lamp.x : Math.sign(y) * lamp.y;
	return 1 + strength * edge * facing;
}

function bodyDistance(x: number, y: number, { halfWidth, halfHeight, corner }: Shape): number {
	return roundedBox(x, y, halfWidth, halfHeight, corner);
}

/** A can seen from above: rolled rim, scored lid, a dark segment on the negative side. */
function capacitor(brush: Brush, x: number, y: number, { shape, lamp, noise }: Scene): void {
	const radius = distanceOf(x, y);
	const distance = radius - shape.halfWidth;
	brush.opacity = coverage(distance);
	if (brush.opacity === 0) return;
	const facing = (x * lamp.x + y * lamp.y) / (radius + 0.01);
	const rim = smoothstep(-4.2, -3.2, distance);
	const lid = 0.92 + 0.16 * noise.at(x * 0.9 + 40, y * 0.15) - 0.006 * (x * lamp.x + y * lamp.y);
	dip(brush, ALUMINIUM, mix(lid, 0.8 + 0.75 * facing, rim * smoothstep(0, -1.2, distance)));
	const negative = coverage(x + shape.halfWidth * 0.3) * (1 - rim);
	tint(brush, [0.018, 0.02, 0.026], negative);
	if (radius > 10) return;
	const score = Math.min(Math.abs(x - y), Math.abs(x + y)) / Math.SQRT2;
	const groove = smoothstep(1, 0.3, score) * (1 - negative);
	for (let c = 0; c < 3; c++) brush.color[c] *= 1 - 0.45 * groove;
}

/** A small block with soldered metal ends. */
function chipComponent(brush: Brush, x: number, y: number, scene: Scene, body: Rgb, cap: number): void {
	const { shape, lamp } = scene;
	brush.opacity = coverage(bodyDistance(x, y, shape));
	if (brush.opacity === 0) return;
	dip(brush, body, bevel(x, y, scene, 1.6, 0.5));
	const end = coverage(shape.halfWidth - cap - Math.abs(x));
	if (end > 0)
		tint(brush, TIN, end * clamp(0.75 + 0.35 * (Math.sign(x) * lamp.x) - 0.05 * y * lamp.y, 0.35, 1.1));
}

function inductor(brush: Brush, x: number, y: number, scene: Scene): void {
	brush.opacity = coverage(bodyDistance(x, y, scene.shape));
	if (brush.opacity === 0) return;
	const grain = 1 + 0.18 * scene.noise.at(x * 1.3, y * 1.3);
	dip(brush, [0.055, 0.055, 0.058], grain * bevel(x, y, scene, 4, 0.75));
}

/** A welded metal can with rounded ends. */
function crystal(brush: Brush, x: number, y: number, { shape, lamp, noise }: Scene): void {
	const distance = bodyDistance(x, y, shape);
	brush.opacity = coverage(distance);
	if (brush.opacity === 0) return;
	const brushed = 1 + 0.07 * noise.at(x * 0.2, y * 1.9);
	const flange = smoothstep(-2.6, -1.8, distance);
	const top = 0.95 + 0.045 * y * lamp.y + 0.008 * x * lamp.x;
	const step = 0.55 + 0.3 * smoothstep(-2.2, -0.6, distance);
	dip(brush, ALUMINIUM, brushed * mix(top, step, flange));
}

function led(brush: Brush, x: number, y: number, scene: Scene): void {
	chipComponent(brush, x, y, scene, [0.62, 0.6, 0.54], 2.4);
	if (brush.opacity === 0) return;
	const lens = coverage(roundedBox(x, y, 4.2, 3.8, 1.5));
	const glow = 0.75 + 0.05 * (x * scene.lamp.x + y * scene.lamp.y);
	tint(brush, [0.5 * glow, 0.34 * glow, 0.06 * glow], lens);
}

/** A black plastic package with legs: on two sides (chip) or four (processor). */
function packaged(brush: Brush, x: number, y: number, scene: Scene): void {
	const { part, shape, lamp, noise } = scene;
	const body = coverage(bodyDistance(x, y, shape));
	if (body < 1) {
		for (const side of leadRows(part.kind)) {
			const lead = leadAt(part.kind, side, x, y);
			if (lead === null) continue;
			// A leg bends down to its foot, which lies in solder.
			const bend = 0.85 - 0.35 * smoothstep(1.5, 3.2, lead.out) + 0.5 * smoothstep(3.4, 5.5, lead.out);
			dip(brush, TIN, bend * (1 - 0.22 * lead.across * Math.abs(lamp.x)));
			brush.opacity = lead.opacity;
		}
	}
	if (body === 0) return;
	const opacity = Math.max(body, brush.opacity);
	const under: Rgb = [brush.color[0], brush.color[1], brush.color[2]];
	const underShare = brush.opacity * (1 - body);
	const grain = 1 + 0.22 * noise.at(x * 1.6 + 20, y * 1.6);
	const sheen = 1 - 0.01 * (x * lamp.x + y * lamp.y) * -1;
	dip(brush, EPOXY, grain * sheen * bevel(x, y, scene, 2.6, 0.9));
	const mark = distanceOf(x + shape.halfWidth - 6.5, y + shape.halfHeight - 6.5);
	tint(brush, [0.008, 0.008, 0.009], 0.8 * coverage(mark - 2.4));
	if (underShare > 0) tint(brush, under, underShare / opacity);
	brush.opacity = opacity;
}

/** A white plastic shroud with a slot of gold pins. */
function connector(brush: Brush, x: number, y: number, scene: Scene): void {
	const { shape, lamp, noise } = scene;
	brush.opacity = coverage(bodyDistance(x, y, shape));
	if (brush.opacity === 0) return;
	dip(brush, [0.6, 0.57, 0.48], (1 + 0.03 * noise.at(x, y)) * bevel(x, y, scene, 2, 0.3));
	const slot = roundedBox(x + 1, y, shape.halfWidth - 5, shape.halfHeight - 5, 1);
	const depth = 0.34 + 0.03 * ((x + 1) * -lamp.x + 0.2 * y * -lamp.y);
	tint(brush, [0.6 * depth, 0.57 * depth, 0.48 * depth], coverage(slot));
	const pitch = 11;
	const pin = clamp(Math.round(y / pitch), -3, 3) * pitch;
	const distance = roundedBox(x + 1, y - pin, 2.6, 2.6, 0.6);
	const shadow = roundedBox(x + 1 + 2.4 * lamp.x, y - pin + 2.4 * lamp.y, 2.6, 2.6, 0.6);
	for (let c = 0; c < 3; c++) brush.color[c] *= 1 - 0.45 * smoothstep(1.6, -0.5, shadow);
	const shine = 1 + 0.16 * ((x + 1) * lamp.x + (y - pin) * lamp.y);
	tint(brush, [GOLD[0] * shine, GOLD[1] * shine, GOLD[2] * shine], coverage(distance));
}

/** A pan head with a cross slot. */
function screw(brush: Brush, x: number, y: number, { shape, lamp, noise }: Scene): void {
	const radius = distanceOf(x, y);
	brush.opacity = coverage(radius - shape.halfWidth);
	if (brush.opacity === 0) return;
	const dome = 0.72 + (0.055 * (x * lamp.x + y * lamp.y) * radius) / shape.halfWidth;
	const turned = 1 + 0.08 * noise.at(radius * 1.8, 3.5);
	dip(brush, TIN, dome * turned);
	const arm = Math.min(roundedBox(x, y, 5.4, 1.25, 0.4), roundedBox(x, y, 1.25, 5.4, 0.4));
	const wall = 0.1 + 0.09 * clamp(-(x * lamp.x + y * lamp.y) * 0.3, -1, 1);
	tint(brush, [wall, wall, wall], coverage(arm));
}

/** A printed paper label with a square code at its right. */
function sticker(brush: Brush, x: number, y: number, { shape, noise }: Scene): void {
	brush.opacity = coverage(bodyDistance(x, y, shape));
	if (brush.opacity === 0) return;
	dip(brush, [0.72, 0.71, 0.67], 1 + 0.03 * noise.at(x * 0.8, y * 0.8));
	const cell = 1.9;
	const column = Math.floor((x - shape.halfWidth + 27) / cell);
	const row = Math.floor((y + 11.4) / cell);
	if (column < 0 || row < 0 || column >= 12 || row >= 12) return;
	// The code is fixed: a finder pattern at the left and below, the rest by a small hash.
	const finder = column === 0 || row === 11 || ((row === 0 || column === 11) && (row + column) % 2 === 0);
	const data = ((column * 73 + row * 151 + column * row * 29) >> 2) % 3 !== 0;
	const edge = row === 0 || column === 11;
	if (finder || (data && !edge)) tint(brush, [0.02, 0.02, 0.022], 0.92);
}

function print(brush: Brush, x: number, y: number, part: Part, { dot }: Shape): void {
	for (let line = 0; line < part.text.length; line++) {
		const box = printBox(part, line);
		const row = (y - box.top) / dot;
		if (row < 0 || row > GLYPH_HEIGHT) continue;
		const ink = textInk(part.text[line], (x - box.left) / dot, row);
		if (ink > 0) tint(brush, INKS[part.kind] ?? PRINT, 0.9 * ink);
	}
}
