import type { Random } from '../../random';
import type { Part, PartKind } from './boardParts';
import { plusMinus } from './product';

/** Half a side of the board, in pixels at the design side. */
export const BOARD_HALF = 134;

const UPRIGHT = Math.PI / 2;

interface Spot {
	readonly name: string;
	readonly kind: PartKind;
	readonly x: number;
	readonly y: number;
	readonly angle?: number;
	readonly text?: readonly string[];
}

/** Where every part belongs, in the order of mounting. */
const SPOTS: readonly Spot[] = [
	{ name: 'LABEL', kind: 'sticker', x: 10, y: -110, text: ['PN 48-2519', 'REV C 4A'] },
	{ name: 'J1', kind: 'connector', x: -112, y: -8 },
	...row('R', 6, 'resistor', { x: -78, y: 70 }, 24, ['103']),
	...row('C', 5, 'ceramic', { x: -70, y: 93 }, 24),
	...row('C1', 4, 'ceramic', { x: -66, y: -73 }, 24, undefined, UPRIGHT),
	{ name: 'D1', kind: 'led', x: 84, y: 78 },
	{ name: 'D2', kind: 'led', x: 108, y: 78 },
	{ name: 'U1', kind: 'processor', x: -30, y: -13, text: ['DM48A7', 'N2519-C', 'K06'] },
	{ name: 'U2', kind: 'chip', x: 84, y: -66, text: ['74H', 'C08'] },
	{ name: 'Y1', kind: 'crystal', x: -30, y: 47, text: ['16.000'] },
	{ name: 'L1', kind: 'inductor', x: 62, y: 36, text: ['4R7'] },
	{ name: 'E1', kind: 'capacitor', x: 64, y: -6 },
	{ name: 'E2', kind: 'capacitor', x: 106, y: -6 },
	{ name: 'E3', kind: 'capacitor', x: 106, y: 36 },
	...[-1, 1].flatMap((sx) =>
		[-1, 1].map((sy): Spot => ({ name: `S${sx}${sy}`, kind: 'screw', x: 117 * sx, y: 117 * sy })),
	),
];

/** The parts of one board: each a little off its place, as mounting machines leave them; screws stop anywhere. */
export function mountParts(variation: Random): Part[] {
	return SPOTS.map(({ name, kind, x, y, angle = 0, text = [] }) => {
		const slack = kind === 'sticker' ? 1.2 : 0.5;
		const turn = kind === 'screw' ? 2 * Math.PI * variation.next() : plusMinus(variation, 0.02);
		return {
			name,
			kind,
			text,
			x: x + plusMinus(variation, slack),
			y: y + plusMinus(variation, slack),
			angle: angle + turn,
			tone: 1 + plusMinus(variation, 0.06),
		};
	});
}

/** Where a part belongs, without the slack: for its pads. */
export function homeOf(name: string): { x: number; y: number; angle: number } {
	const spot = SPOTS.find((candidate) => candidate.name === name);
	if (!spot) throw new RangeError(`homeOf: no part ${name}`);
	return { x: spot.x, y: spot.y, angle: spot.angle ?? 0 };
}

function row(
	name: string,
	count: number,
	kind: PartKind,
	start: { x: number; y: number },
	pitch: number,
	text?: readonly string[],
	angle?: number,
): Spot[] {
	return Array.from({ length: count }, (_, i) => ({
		name: `${name}${i + 1}`,
		kind,
		x: start.x + i * pitch,
		y: start.y,
		text,
		angle,
	}));
}
