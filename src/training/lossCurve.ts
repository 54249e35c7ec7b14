/** How a text is put into the drawing; its anchor is the baseline. */
export type TextPainter = (text: string, place: TextPlace) => string;

export interface TextPlace {
	readonly x: number;
	readonly y: number;
	/** Height of the letters' box in pixels. */
	readonly size: number;
	readonly anchor?: 'start' | 'middle' | 'end';
	readonly colour?: string;
	/** Turned a quarter to the left around its anchor. */
	readonly upright?: boolean;
}

export interface LossCurve {
	readonly title: string;
	/** Loss of every iteration. */
	readonly losses: readonly number[];
}

interface Scale {
	readonly ticks: readonly number[];
	readonly low: number;
	readonly high: number;
	readonly place: (value: number) => number;
}

const WIDTH = 960;
const HEIGHT = 540;
const LEFT = 96;
const RIGHT = WIDTH - 32;
const TOP = 72;
const BOTTOM = HEIGHT - 76;
const TEXT_SIZE = 20;
const INK = '#343a40';
const GRID = '#dee2e6';
const RAW = '#a5c8e4';
const LINE = '#1f5f8b';
/** More points than this differ by less than a pixel. */
const MOST_POINTS = RIGHT - LEFT;
/** The smooth line is the mean over this share of the training, at least one iteration to each side. */
const SMOOTHING_SHARE = 0.02;

/** An SVG drawing of a training's loss over its iterations, with the smoothed course on top of the raw values. */
export function drawLossCurve({ title, losses }: LossCurve, text: TextPainter): string {
	const x = scale(1, Math.max(2, losses.length), { from: LEFT, to: RIGHT, ticks: 6 });
	const finite = losses.filter(Number.isFinite);
	const y = scale(Math.min(0, ...range(finite)), Math.max(...range(finite)), {
		from: BOTTOM,
		to: TOP,
		ticks: 5,
	});
	const last = losses.at(-1) ?? 0;
	return [
		`<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}">`,
		`<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
		text(title, { x: LEFT, y: 44, size: 24 }),
		text(`final ${label(last)}`, {
			x: RIGHT,
			y: 44,
			size: TEXT_SIZE,
			anchor: 'end',
			colour: LINE,
		}),
		...y.ticks.map((value) => horizontal(value, y, text)),
		...x.ticks.map((value) => vertical(value, x, text)),
		`<path d="M${LEFT} ${TOP}V${BOTTOM}H${RIGHT}" fill="none" stroke="${INK}" stroke-width="2"/>`,
		text('Iteration', {
			x: (LEFT + RIGHT) / 2,
			y: HEIGHT - 18,
			size: TEXT_SIZE,
			anchor: 'middle',
		}),
		text('Loss', { x: 28, y: (TOP + BOTTOM) / 2, size: TEXT_SIZE, anchor: 'middle', upright: true }),
		line(losses, x, y, { colour: RAW, width: 1.5 }),
		line(smoothed(losses), x, y, { colour: LINE, width: 3 }),
		`<circle cx="${x.place(Math.max(1, losses.length)).toFixed(1)}" cy="${y.place(last).toFixed(1)}" r="5" fill="${LINE}"/>`,
		'</svg>',
	].join('\n');
}

function horizontal(value: number, y: Scale, text: TextPainter): string {
	const at = y.place(value).toFixed(1);
	return (
		`<path d="M${LEFT} ${at}H${RIGHT}" stroke="${GRID}" stroke-width="1"/>` +
		text(label(value), { x: LEFT - 12, y: Number(at) + 7, size: TEXT_SIZE, anchor: 'end' })
	);
}

function vertical(value: number, x: Scale, text: TextPainter): string {
	const at = x.place(value).toFixed(1);
	return (
		`<path d="M${at} ${BOTTOM}v8" stroke="${INK}" stroke-width="2"/>` +
		text(String(value), { x: Number(at), y: BOTTOM + 30, size: TEXT_SIZE, anchor: 'middle' })
	);
}

/** A linear scale that ends at round values. */
function scale(
	least: number,
	most: number,
	{ from, to, ticks }: { readonly from: number; readonly to: number; readonly ticks: number },
): Scale {
	const step = roundStep((most - least || 1) / ticks, Number.isInteger(least) && least >= 1);
	const low = least >= 1 ? least : Math.floor(least / step) * step;
	const high = least >= 1 ? most : Math.max(low + step, Math.ceil(most / step) * step);
	const place = (value: number): number => from + ((value - low) / (high - low)) * (to - from);
	const marks: number[] = least >= 1 ? [least] : [];
	for (let i = Math.ceil(low / step); i * step <= high + step * 1e-6; i++) {
		const value = Number((i * step).toPrecision(12));
		// The first mark of an axis that starts at 1 stands by itself.
		if (least < 1 || value - least > step * 0.5) marks.push(value);
	}
	return { ticks: marks, low, high, place };
}

/** 1, 2 or 5 times a power of ten. */
function roundStep(wanted: number, isWhole: boolean): number {
	const power = 10 ** Math.floor(Math.log10(wanted));
	const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= wanted * 0.999) ?? 10;
	return isWhole ? Math.max(1, Math.round(factor * power)) : factor * power;
}

function line(
	values: readonly number[],
	x: Scale,
	y: Scale,
	{ colour, width }: { readonly colour: string; readonly width: number },
): string {
	const step = Math.max(1, Math.ceil(values.length / MOST_POINTS));
	const points: string[] = [];
	values.forEach((value, i) => {
		const wanted = i % step === 0 || i === values.length - 1;
		if (wanted && Number.isFinite(value))
			points.push(`${x.place(i + 1).toFixed(1)},${y.place(value).toFixed(1)}`);
	});
	return `<polyline points="${points.join(' ')}" fill="none" stroke="${colour}" stroke-width="${width}" stroke-linejoin="round"/>`;
}

/** Mean over a window around every value; near the ends the window shrinks evenly, so that the ends are the values themselves. */
function smoothed(values: readonly number[]): number[] {
	const reach = Math.max(1, Math.round((values.length * SMOOTHING_SHARE) / 2));
	const sums = [0];
	for (const value of values) sums.push(sums[sums.length - 1] + value);
	return values.map((_, i) => {
		const side = Math.min(reach, i, values.length - 1 - i);
		return (sums[i + side + 1] - sums[i - side]) / (2 * side + 1);
	});
}

function range(values: readonly number[]): [number, number] {
	let low = Infinity;
	let high = -Infinity;
	for (const value of values) {
		if (value < low) low = value;
		if (value > high) high = value;
	}
	return values.length === 0 ? [0, 1] : [low, high];
}

function label(value: number): string {
	return Number(value.toPrecision(3)).toString();
}
