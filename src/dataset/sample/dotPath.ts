import { GLYPH_ADVANCE, GLYPH_HEIGHT, textDot, textWidth } from './font';

export interface DotPlace {
	readonly x: number;
	/** Of the baseline. */
	readonly y: number;
	/** Size of the typeface in pixels; capital letters are 0.7 of it high. */
	readonly size: number;
	readonly anchor: 'start' | 'middle' | 'end';
}

/** Height of a capital letter as a share of the typeface's size, as in common typefaces. */
const CAPITAL_SHARE = 0.7;

/** A text in capital letters made of dots, as the `d` of an SVG path: drawings on machines without a typeface need it. */
export function dotPath(text: string, { x, y, size, anchor }: DotPlace): string {
	const capitals = text.toUpperCase();
	const dot = (CAPITAL_SHARE * size) / GLYPH_HEIGHT;
	const width = textWidth(capitals) * dot;
	const left = x - { start: 0, middle: width / 2, end: width }[anchor];
	const top = y - GLYPH_HEIGHT * dot;
	let path = '';
	for (let row = 0; row < GLYPH_HEIGHT; row++) {
		for (let column = 0; column < capitals.length * GLYPH_ADVANCE; column++) {
			if (!textDot(capitals, column, row)) continue;
			path += `M${(left + column * dot).toFixed(2)} ${(top + row * dot).toFixed(2)}h${dot.toFixed(2)}v${dot.toFixed(2)}h-${dot.toFixed(2)}z`;
		}
	}
	return path;
}
