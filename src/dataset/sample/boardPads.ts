import { type BoardCanvas, dip, tint } from './boardCanvas';
import { homeOf } from './boardLayout';
import { besideBody, LEAD_LENGTH, leadCount, leadPlace, leadRows } from './boardLeads';
import { LAMP, type Part, type PartKind, SHAPES } from './boardParts';
import type { Rgb } from './picture';
import { clamp, coverage, distanceOf, roundedBox, smoothstep } from './shapes';

const PAD: Rgb = [0.5, 0.5, 0.48];

/** Solder lands, which show around a part and where one is missing. */
export function drawPads(canvas: BoardCanvas, { name, kind }: Part): void {
	const home = homeOf(name);
	const { halfWidth, halfHeight } = SHAPES[kind];
	const lamp = canvas.towards(LAMP, home.angle);
	const reach = distanceOf(halfWidth, halfHeight) + LEAD_LENGTH + 4;
	canvas.paint(home, reach, (brush, x, y) => {
		const distance = padDistance(kind, x, y);
		brush.opacity = coverage(distance);
		if (brush.opacity === 0) return;
		// Molten solder stands in a low mound.
		dip(
			brush,
			PAD,
			clamp(0.85 + 0.12 * smoothstep(0, -2, distance) + 0.015 * (x * lamp.x + y * lamp.y), 0.4, 1.3),
		);
		if (kind === 'screw') {
			tint(brush, [0.5, 0.36, 0.13], 0.9);
			tint(brush, [0.008, 0.008, 0.008], coverage(distanceOf(x, y) - 5));
		}
	});
}

/** Signed distance to the nearest land of a kind of part, relative to it. */
function padDistance(kind: PartKind, x: number, y: number): number {
	const { halfWidth, halfHeight } = SHAPES[kind];
	switch (kind) {
		case 'resistor':
		case 'ceramic':
		case 'led':
			return roundedBox(Math.abs(x) - halfWidth + 1, y, 3.6, halfHeight + 0.9, 0.8);
		case 'processor':
		case 'chip':
			return Math.min(...leadRows(kind).map((side) => leadPad(kind, side, x, y)));
		case 'screw':
			return distanceOf(x, y) - halfWidth - 2.6;
		case 'inductor':
			return roundedBox(Math.abs(x) - halfWidth + 2, y, 4.2, 9, 1);
		case 'capacitor':
			return roundedBox(Math.abs(x) - 7, y, 3.2, 3.2, 3.2);
		case 'crystal':
			return roundedBox(Math.abs(x) - 11, y, 3, 3, 3);
		default:
			return Infinity;
	}
}

function leadPad(kind: PartKind, side: number, x: number, y: number): number {
	const { out, along } = besideBody(kind, side, x, y);
	const last = leadCount(kind) - 1;
	const index = clamp(Math.round(along / leadPlace(kind, last / 2 + 1) + last / 2), 0, last);
	return roundedBox(out - LEAD_LENGTH + 1.5, along - leadPlace(kind, index), 4, 1.7, 0.6);
}
