import type { Random } from '../../random';
import { type BoardCanvas, dip, type Placement } from './boardCanvas';
import { besideBody, LEAD_LENGTH, LEAD_PITCH, leadCount, leadPlace, leadRows } from './boardLeads';
import { LAMP, type Part, type PartKind, printBox, SHAPES } from './boardParts';
import { shadeOf, showsPart } from './boardPainters';
import type { Noise } from './noise';
import { between, type DefectOrder, plusMinus } from './product';
import {
	clamp,
	coverage,
	distanceOf,
	mix,
	nearestOnLine,
	type Point,
	roundedBox,
	smoothstep,
} from './shapes';

/** What a defect changes on a board. */
export interface BoardDefect {
	/** The parts that are mounted in place of the right ones. */
	mount(parts: readonly Part[]): readonly Part[];
	/** Draws what lies on top of the parts, and the mask. */
	finish(canvas: BoardCanvas): void;
}

/** No defect. */
export const SOUND: BoardDefect = { mount: (parts) => parts, finish: () => undefined };

/** Draws the lots for one defect. */
export function defectOf(
	{ kind, severity, random }: DefectOrder,
	parts: readonly Part[],
	noise: Noise,
): BoardDefect {
	return { ...SOUND, ...MAKERS[kind](severity, random, parts, noise) };
}

type Maker = (severity: number, random: Random, parts: readonly Part[], noise: Noise) => Partial<BoardDefect>;

const MAKERS: Readonly<Record<string, Maker>> = {
	crack,
	missing_part: missingPart,
	rotated_part: rotatedPart,
	solder_bridge: solderBridge,
	wrong_label: wrongLabel,
};

/** Kinds that may be missing or turned, from those nobody overlooks to the small ones. */
const BY_SIZE: readonly (readonly PartKind[])[] = [
	['inductor', 'capacitor', 'crystal'],
	['capacitor', 'screw', 'led'],
	['led', 'resistor', 'ceramic'],
	['resistor', 'ceramic'],
];

function missingPart(severity: number, random: Random, parts: readonly Part[]): Partial<BoardDefect> {
	const lost = pickBySize(severity, random, parts);
	return {
		mount: (all) => all.filter((part) => part !== lost),
		finish(canvas) {
			markChange(canvas, lost, null);
		},
	};
}

/** A part that slipped or was put in the wrong way round. */
function rotatedPart(severity: number, random: Random, parts: readonly Part[]): Partial<BoardDefect> {
	const movable = parts.filter(({ kind }) => kind !== 'screw');
	const right = pickBySize(severity, random, movable);
	// A round part looks turned only by its polarity mark, so it is put in the wrong way round.
	const most = right.kind === 'capacitor' ? Math.PI : Math.PI / 2;
	const turn =
		(right.kind === 'capacitor' ? most : mix(0.25, most, severity)) * (random.next() < 0.5 ? -1 : 1);
	const wrong = { ...right, angle: right.angle + turn };
	return {
		mount: (all) => all.map((part) => (part === right ? wrong : part)),
		finish(canvas) {
			markChange(canvas, right, wrong);
		},
	};
}

/** Solder that joins neighbouring legs. */
function solderBridge(
	severity: number,
	random: Random,
	parts: readonly Part[],
	noise: Noise,
): Partial<BoardDefect> {
	const packages = parts.filter(({ kind }) => leadRows(kind).length > 0);
	const part = packages[random.integer(packages.length)];
	const rows = leadRows(part.kind);
	const side = rows[random.integer(rows.length)];
	const span = 1 + Math.floor(severity * 2.99);
	const first = random.integer(leadCount(part.kind) - span);
	const middle = (leadPlace(part.kind, first) + leadPlace(part.kind, first + span)) / 2;
	const out = between(random, 0.55, 0.8) * LEAD_LENGTH;
	const thick = mix(1.3, 3.1, severity);
	const seed = 256 * random.next();
	const distance = (x: number, y: number): number => {
		const at = besideBody(part.kind, side, x, y);
		const ragged = 0.5 * thick * noise.at(at.along * 0.45 + seed, at.out * 0.45);
		return (
			roundedBox(at.along - middle, at.out - out, (span * LEAD_PITCH) / 2 + 0.5, thick, thick) + ragged
		);
	};
	const reach = distanceOf(SHAPES[part.kind].halfWidth, SHAPES[part.kind].halfHeight) + 2 * LEAD_LENGTH;
	return {
		finish(canvas) {
			const lamp = canvas.towards(LAMP, part.angle);
			canvas.paint(part, reach, (brush, x, y) => {
				const inside = distance(x, y);
				brush.opacity = coverage(inside);
				if (brush.opacity === 0) return;
				const slopeX = distance(x + 0.7, y) - inside;
				const slopeY = distance(x, y + 0.7) - inside;
				const facing = (slopeX * lamp.x + slopeY * lamp.y) * smoothstep(-thick, 0, inside);
				dip(brush, [0.66, 0.67, 0.66], 0.8 + 0.65 * facing);
			});
			canvas.mark(part, reach, (x, y) => distance(x, y) < 0.5);
		},
	};
}

/** A crack through a package or through the board itself: a dark jagged line with a bright lip. */
function crack(severity: number, random: Random, parts: readonly Part[]): Partial<BoardDefect> {
	const bodies = parts.filter(({ kind }) =>
		['processor', 'chip', 'inductor', 'crystal', 'connector'].includes(kind),
	);
	const body = bodies[random.integer(bodies.length)];
	const onBoard = random.next() < 0.35;
	const at: Placement = onBoard
		? { x: plusMinus(random, 70), y: 100 + plusMinus(random, 4), angle: 0 }
		: body;
	const { halfWidth, halfHeight } = SHAPES[body.kind];
	const room = onBoard ? 30 : Math.min(halfWidth, halfHeight, 24) * 0.95;
	const length = 2 * room * mix(0.55, 1, severity);
	const line = jaggedLine(random, length, onBoard ? plusMinus(random, 0.25) : 2 * Math.PI * random.next());
	const width = mix(0.5, 1.15, severity);
	const reach = length;
	return {
		finish(canvas) {
			canvas.paint(at, reach, (brush, x, y) => {
				const { distance, side, along } = nearestOnLine(line, x, y);
				const ends = smoothstep(0, 5, along) * smoothstep(length, length - 5, along);
				const gap = smoothstep(width + 0.5, width - 0.5, distance);
				const lip = side > 0 ? smoothstep(width + 1.3, width + 0.3, distance) : 0;
				dip(brush, gap > 0.4 ? [0.003, 0.003, 0.003] : [0.32, 0.32, 0.3], 1);
				brush.opacity = (0.35 + 0.65 * ends) * Math.max(0.95 * gap, mix(0.25, 0.6, severity) * lip);
			});
			canvas.mark(at, reach, (x, y) => {
				const { distance, side } = nearestOnLine(line, x, y);
				return distance < width + (side > 0 ? 1.2 : 0.5);
			});
		},
	};
}

/** The right part with the wrong print: another value, another version. */
function wrongLabel(severity: number, random: Random, parts: readonly Part[]): Partial<BoardDefect> {
	const printed = parts.filter(({ kind }) => LABELLED.includes(kind));
	const right = printed[random.integer(printed.length)];
	const line = random.integer(right.text.length);
	const letters = Array.from(right.text[line]);
	const places = random.shuffle(letters.map((_, i) => i).filter((i) => /[0-9A-Z]/.test(letters[i])));
	const changed = places.slice(0, Math.max(1, Math.round(severity * places.length)));
	for (const i of changed) letters[i] = otherLetter(letters[i], random);
	const wrong = { ...right, text: right.text.map((text, i) => (i === line ? letters.join('') : text)) };
	const { left, top, width, height } = printBox(right, line);
	const advance = (width + SHAPES[right.kind].dot) / letters.length;
	const reach = distanceOf(SHAPES[right.kind].halfWidth, SHAPES[right.kind].halfHeight);
	return {
		mount: (all) => all.map((part) => (part === right ? wrong : part)),
		finish(canvas) {
			canvas.mark(right, reach, (x, y) => {
				if (y < top - 0.7 || y > top + height + 0.7) return false;
				return changed.some(
					(i) => x > left + i * advance - 0.8 && x < left + (i + 1) * advance - 0.4,
				);
			});
		},
	};
}

const LABELLED: readonly PartKind[] = ['processor', 'sticker', 'inductor', 'crystal'];
const LETTERS = '0123456789ABCDEFGHKLMNPRSTUVXZ';

function otherLetter(letter: string, random: Random): string {
	const at = LETTERS.indexOf(letter);
	return LETTERS[(at + 1 + random.integer(LETTERS.length - 1)) % LETTERS.length];
}

function pickBySize(severity: number, random: Random, parts: readonly Part[]): Part {
	const group = clamp(Math.floor((1 - severity) * BY_SIZE.length), 0, BY_SIZE.length - 1);
	const candidates = parts.filter(({ kind }) => BY_SIZE[group].includes(kind));
	return candidates[random.integer(candidates.length)];
}

/** Marks where a part was or is now, and where its shadow changed. */
function markChange(canvas: BoardCanvas, before: Part, after: Part | null): void {
	const { halfWidth, halfHeight, height } = SHAPES[before.kind];
	const reach = distanceOf(halfWidth, halfHeight) + height + LEAD_LENGTH;
	const turn = after === null ? 0 : after.angle - before.angle;
	const cos = Math.cos(turn);
	const sin = Math.sin(turn);
	canvas.mark(before, reach, (x, y) => {
		if (showsPart(before, x, y)) return true;
		const shade = shadeOf(canvas, before, x, y);
		if (after === null) return shade > VISIBLE_SHADE;
		const turnedX = x * cos + y * sin;
		const turnedY = y * cos - x * sin;
		if (showsPart(after, turnedX, turnedY)) return true;
		return Math.abs(shade - shadeOf(canvas, after, turnedX, turnedY)) > VISIBLE_SHADE;
	});
}

/** Change of light from which a shadow counts as changed. */
const VISIBLE_SHADE = 0.06;

function jaggedLine(random: Random, length: number, heading: number): Point[] {
	const pieces = Math.max(4, Math.round(length / 6));
	return Array.from({ length: pieces + 1 }, (_, i) => {
		const along = (i / pieces - 0.5) * length;
		const across = plusMinus(random, 2.2);
		return {
			x: along * Math.cos(heading) - across * Math.sin(heading),
			y: along * Math.sin(heading) + across * Math.cos(heading),
		};
	});
}
