import { GLYPH_HEIGHT, textWidth } from './font';
import type { Placement } from './boardCanvas';
import { roundedBox, smoothstep } from './shapes';

export type PartKind =
	| 'capacitor'
	| 'ceramic'
	| 'chip'
	| 'connector'
	| 'crystal'
	| 'inductor'
	| 'led'
	| 'processor'
	| 'resistor'
	| 'screw'
	| 'sticker';

export interface Part extends Placement {
	/** Reference on the board, such as R3. */
	readonly name: string;
	readonly kind: PartKind;
	/** Lines of print, where the kind has any. */
	readonly text: readonly string[];
	/** Brightness of this piece, about 1. */
	readonly tone: number;
}

/** Measures of a kind of part, in pixels at the design side. */
export interface Shape {
	readonly halfWidth: number;
	readonly halfHeight: number;
	readonly corner: number;
	/** How far it stands above the board: the length of its shadow. */
	readonly height: number;
	/** Size of a dot of its print; 0 for none. */
	readonly dot: number;
}

export const SHAPES: Readonly<Record<PartKind, Shape>> = {
	capacitor: { halfWidth: 15.5, halfHeight: 15.5, corner: 15.5, height: 7, dot: 0 },
	ceramic: { halfWidth: 7, halfHeight: 4.4, corner: 0.8, height: 1.6, dot: 0 },
	chip: { halfWidth: 13, halfHeight: 21, corner: 1, height: 2.4, dot: 0.95 },
	connector: { halfWidth: 14, halfHeight: 50, corner: 1.5, height: 6, dot: 0 },
	crystal: { halfWidth: 21, halfHeight: 8, corner: 8, height: 4, dot: 0.95 },
	inductor: { halfWidth: 17, halfHeight: 17, corner: 3.5, height: 5, dot: 1.7 },
	led: { halfWidth: 8, halfHeight: 5.5, corner: 1, height: 2, dot: 0 },
	processor: { halfWidth: 35, halfHeight: 35, corner: 1.5, height: 2.6, dot: 1.55 },
	resistor: { halfWidth: 8, halfHeight: 4.8, corner: 0.5, height: 1.4, dot: 0.62 },
	screw: { halfWidth: 8.5, halfHeight: 8.5, corner: 8.5, height: 2.5, dot: 0 },
	sticker: { halfWidth: 51, halfHeight: 15, corner: 1.5, height: 0.5, dot: 1.1 },
};

/** The lamp stands at the upper left; a part's shadow falls the other way by its height. */
export const LAMP = { x: -0.62, y: -0.78 };

/** Where a line of print lies on a part: relative to the part, in pixels at the design side. */
export function printBox(
	part: Part,
	line: number,
): { left: number; top: number; width: number; height: number } {
	const { dot } = SHAPES[part.kind];
	const width = textWidth(part.text[line]) * dot;
	const height = GLYPH_HEIGHT * dot;
	const spacing = height * 1.55;
	const top = line * spacing - (spacing * (part.text.length - 1) + height) / 2;
	const left = part.kind === 'sticker' ? -SHAPES.sticker.halfWidth + 6 : -width / 2;
	return { left, top, width, height };
}

export function shadowOf(
	{ halfWidth, halfHeight, corner, height }: Shape,
	lamp: { x: number; y: number },
	x: number,
	y: number,
): number {
	const distance = roundedBox(
		x + lamp.x * height * 0.7,
		y + lamp.y * height * 0.7,
		halfWidth,
		halfHeight,
		corner,
	);
	return 0.62 * smoothstep(0.55 * height + 1, -0.35 * height - 1, distance);
}
