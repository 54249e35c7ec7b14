/** A dot-matrix typeface of our own, 5 dots wide and 7 high, so that labels look the same on every machine. */

export const GLYPH_WIDTH = 5;
export const GLYPH_HEIGHT = 7;
/** Dots from one letter to the next. */
export const GLYPH_ADVANCE = 6;

const GLYPHS: Readonly<Partial<Record<string, string>>> = {
	'0': '01110 10001 10011 10101 11001 10001 01110',
	'1': '00100 01100 00100 00100 00100 00100 01110',
	'2': '01110 10001 00001 00110 01000 10000 11111',
	'3': '11110 00001 00001 01110 00001 00001 11110',
	'4': '00010 00110 01010 10010 11111 00010 00010',
	'5': '11111 10000 11110 00001 00001 10001 01110',
	'6': '00110 01000 10000 11110 10001 10001 01110',
	'7': '11111 00001 00010 00100 00100 01000 01000',
	'8': '01110 10001 10001 01110 10001 10001 01110',
	'9': '01110 10001 10001 01111 00001 00010 01100',
	A: '01110 10001 10001 11111 10001 10001 10001',
	B: '11110 10001 10001 11110 10001 10001 11110',
	C: '01110 10001 10000 10000 10000 10001 01110',
	D: '11100 10010 10001 10001 10001 10010 11100',
	E: '11111 10000 10000 11110 10000 10000 11111',
	F: '11111 10000 10000 11110 10000 10000 10000',
	G: '01110 10001 10000 10111 10001 10001 01111',
	H: '10001 10001 10001 11111 10001 10001 10001',
	I: '01110 00100 00100 00100 00100 00100 01110',
	J: '00111 00010 00010 00010 00010 10010 01100',
	K: '10001 10010 10100 11000 10100 10010 10001',
	L: '10000 10000 10000 10000 10000 10000 11111',
	M: '10001 11011 10101 10101 10001 10001 10001',
	N: '10001 11001 10101 10101 10011 10001 10001',
	O: '01110 10001 10001 10001 10001 10001 01110',
	P: '11110 10001 10001 11110 10000 10000 10000',
	Q: '01110 10001 10001 10001 10101 10010 01101',
	R: '11110 10001 10001 11110 10100 10010 10001',
	S: '01111 10000 10000 01110 00001 00001 11110',
	T: '11111 00100 00100 00100 00100 00100 00100',
	U: '10001 10001 10001 10001 10001 10001 01110',
	V: '10001 10001 10001 01010 01010 01010 00100',
	W: '10001 10001 10001 10101 10101 11011 10001',
	X: '10001 10001 01010 00100 01010 10001 10001',
	Y: '10001 10001 01010 00100 00100 00100 00100',
	Z: '11111 00001 00010 00100 01000 10000 11111',
	'-': '00000 00000 00000 11111 00000 00000 00000',
	'.': '00000 00000 00000 00000 00000 01100 01100',
	'+': '00000 00100 00100 11111 00100 00100 00000',
	'%': '11001 11001 00010 00100 01000 10011 10011',
	',': '00000 00000 00000 00000 01100 00100 01000',
	':': '00000 01100 01100 00000 01100 01100 00000',
	'/': '00001 00001 00010 00100 01000 10000 10000',
	'(': '00010 00100 01000 01000 01000 00100 00010',
	')': '01000 00100 00010 00010 00010 00100 01000',
	_: '00000 00000 00000 00000 00000 00000 11111',
	'=': '00000 00000 11111 00000 11111 00000 00000',
};

/** Width of a text in dots. */
export function textWidth(text: string): number {
	return text.length * GLYPH_ADVANCE - 1;
}

/** Whether the text has a dot at (column, row), counted in dots from its upper left corner. */
export function textDot(text: string, column: number, row: number): boolean {
	if (column < 0 || row < 0 || row >= GLYPH_HEIGHT) return false;
	const letter = Math.floor(column / GLYPH_ADVANCE);
	const dot = column - letter * GLYPH_ADVANCE;
	if (dot >= GLYPH_WIDTH || letter >= text.length) return false;
	const glyph = GLYPHS[text[letter]];
	return glyph?.[row * (GLYPH_WIDTH + 1) + dot] === '1';
}

/**
 * Ink of a text at a place between dots, in [0, 1]: the dots are squares with soft edges.
 * @param x, y dots from the text's upper left corner
 */
export function textInk(text: string, x: number, y: number): number {
	const left = Math.floor(x - 0.5);
	const top = Math.floor(y - 0.5);
	const fx = x - 0.5 - left;
	const fy = y - 0.5 - top;
	const above = (textDot(text, left, top) ? 1 - fx : 0) + (textDot(text, left + 1, top) ? fx : 0);
	const below = (textDot(text, left, top + 1) ? 1 - fx : 0) + (textDot(text, left + 1, top + 1) ? fx : 0);
	const ink = above * (1 - fy) + below * fy;
	return ink <= 0.25 ? 0 : Math.min(1, (ink - 0.25) * 2);
}
