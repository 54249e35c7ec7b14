import { type BoardCanvas, type Brush, dip, EVERYWHERE, MIDDLE, tint } from './boardCanvas';
import { BOARD_HALF, homeOf } from './boardLayout';
import { LAMP } from './boardParts';
import { textInk, textWidth } from './font';
import type { Noise } from './noise';
import type { Rgb } from './picture';
import { coverage, distanceOf, nearestOnLine, type Point, roundedBox, smoothstep } from './shapes';

/** How the lamp shines on one board. */
export interface Light {
	readonly x: number;
	readonly y: number;
	readonly strength: number;
	readonly texture: number;
}

const SOLDER_MASK: Rgb = [0.012, 0.085, 0.036];

const TRACE: Rgb = [0.02, 0.125, 0.052];

const SILK: Rgb = [0.62, 0.64, 0.6];

const BOARD_NAME = 'DINO-M4 REV C';

export function drawBareBoard(canvas: BoardCanvas, noise: Noise, light: Light): void {
	const lamp = canvas.towards(LAMP, 0);
	canvas.paint(MIDDLE, EVERYWHERE, (brush, x, y) => {
		const distance = roundedBox(x, y, BOARD_HALF, BOARD_HALF, 6);
		brush.opacity = coverage(distance);
		if (brush.opacity === 0) return;
		findCopper(x, y);
		// The ridge along a trace catches light on the side of the lamp.
		const ridge = copper.ridge * (copper.slopeX * lamp.x + copper.slopeY * lamp.y);
		const grain = 1 + 0.05 * noise.fractal(x * 0.5 + light.texture, y * 0.5, 2);
		dip(brush, SOLDER_MASK, 1);
		tint(brush, TRACE, copper.share);
		const glare =
			0.016 * Math.exp(-((x - light.x) * (x - light.x) + (y - light.y) * (y - light.y)) / 9000);
		const lit = grain * light.strength * (1 + 0.35 * ridge);
		for (let c = 0; c < 3; c++) brush.color[c] = brush.color[c] * lit + glare;
		tint(brush, [0.2, 0.19, 0.12], 0.8 * smoothstep(-1.6, -0.6, distance));
		drawVia(brush, x, y, lamp);
		drawSilk(brush, x, y);
	});
}

/** Wiring under the solder mask: polylines between parts. */
const TRACES: readonly (readonly Point[])[] = [
	...[0, 1, 2, 3, 4].map((i) => [
		{ x: -98, y: -40 + i * 11 },
		{ x: -88 + i * 2, y: -40 + i * 11 },
		{ x: -80, y: -33 + i * 8 },
		{ x: -66, y: -33 + i * 8 },
	]),
	...[0, 1, 2, 3].map((i) => [
		{ x: -66 + 24 * i, y: -66 },
		{ x: -66 + 24 * i, y: -61 },
		{ x: -52 + 15 * i, y: -48 },
	]),
	...[0, 1, 2, 3, 4].map((i) => [
		{ x: 6, y: -28 + 8 * i },
		{ x: 20 + 3 * i, y: -28 + 8 * i },
		{ x: 36 + 2 * i, y: -44 + 8 * i },
		{ x: 62, y: -70 + 8 * i },
	]),
	...[0, 1, 2, 3, 4, 5].map((i) => [
		{ x: -72 + 24 * i, y: 70 },
		{ x: -72 + 24 * i, y: 88 },
		{ x: -66 + 24 * i, y: 93 },
	]),
	[
		{ x: 20, y: 50 },
		{ x: 40, y: 62 },
		{ x: 84, y: 62 },
		{ x: 108, y: 78 },
	],
	[
		{ x: -100, y: 30 },
		{ x: -92, y: 60 },
		{ x: -78, y: 70 },
	],
];

const BOXED_TRACES = TRACES.map((line) => ({
	line,
	left: Math.min(...line.map(({ x }) => x)) - 3,
	right: Math.max(...line.map(({ x }) => x)) + 3,
	top: Math.min(...line.map(({ y }) => y)) - 3,
	bottom: Math.max(...line.map(({ y }) => y)) + 3,
}));

/** The copper under one place; one object serves all pixels. */
const copper = { share: 0, ridge: 0, slopeX: 0, slopeY: 0 };

function findCopper(x: number, y: number): void {
	copper.ridge = 0;
	// A poured plane frames the wired middle.
	copper.share = Math.abs(y) > 106 || x > 124 ? 0.45 : 0;
	for (const { line, left, right, top, bottom } of BOXED_TRACES) {
		if (x < left || x > right || y < top || y > bottom) continue;
		const { distance } = nearestOnLine(line, x, y);
		if (distance > 2.6) continue;
		copper.share = Math.max(copper.share, coverage(distance - 1.5));
		copper.ridge = smoothstep(0.4, 1.4, distance) * smoothstep(2.4, 1.6, distance);
		copper.slopeX = (nearestOnLine(line, x + 0.5, y).distance - distance) * 2;
		copper.slopeY = (nearestOnLine(line, x, y + 0.5).distance - distance) * 2;
	}
}

const VIAS: readonly Point[] = [
	{ x: 22, y: -80 },
	{ x: 40, y: -84 },
	{ x: 30, y: 14 },
	{ x: 36, y: 56 },
	{ x: -86, y: 88 },
	{ x: 66, y: 98 },
	{ x: 52, y: 104 },
	{ x: -92, y: -88 },
	{ x: 120, y: 60 },
	{ x: 122, y: -40 },
	{ x: -76, y: 48 },
];

function drawVia(brush: Brush, x: number, y: number, lamp: Point): void {
	for (const via of VIAS) {
		const dx = x - via.x;
		const dy = y - via.y;
		if (Math.abs(dx) > 5 || Math.abs(dy) > 5) continue;
		const radius = distanceOf(dx, dy);
		const shine = 0.8 + 0.14 * (dx * lamp.x + dy * lamp.y);
		tint(brush, [0.5 * shine, 0.36 * shine, 0.13 * shine], coverage(radius - 3.4));
		tint(brush, [0.01, 0.012, 0.01], coverage(radius - 1.5));
	}
}

/** White print: outlines of the larger parts, and the name of the board. */
function drawSilk(brush: Brush, x: number, y: number): void {
	const dot = 1.3;
	const ink = textInk(BOARD_NAME, (x + (textWidth(BOARD_NAME) * dot) / 2) / dot, (y - 113) / dot);
	tint(brush, SILK, 0.85 * ink);
	for (const { x: cx, y: cy, half, round } of OUTLINES) {
		const distance = Math.abs(roundedBox(x - cx, y - cy, half.x, half.y, round)) - 0.55;
		if (distance < 0.5) tint(brush, SILK, 0.8 * coverage(distance));
	}
}

const OUTLINES = [
	{ ...homeOf('U2'), half: { x: 24, y: 25 }, round: 1 },
	{ ...homeOf('L1'), half: { x: 20, y: 20 }, round: 4 },
	{ ...homeOf('Y1'), half: { x: 24.5, y: 11.5 }, round: 11 },
	{ ...homeOf('E1'), half: { x: 18.5, y: 18.5 }, round: 18.5 },
	{ ...homeOf('E2'), half: { x: 18.5, y: 18.5 }, round: 18.5 },
	{ ...homeOf('E3'), half: { x: 18.5, y: 18.5 }, round: 18.5 },
	{ ...homeOf('J1'), half: { x: 17, y: 53 }, round: 1 },
];
