import type { CurveOfRun } from '../../../store/evaluationRun';
import { html, type Html } from '../html';
import { attribute, percent } from '../numbers';
import { frame, shortened, type Box, type Place, type Plot, type Tools } from './frame';

/** `first` to `third` differ by colour and by dashes; `before` is the earlier run, `other` stays in the background. */
export type LineStyle = 'first' | 'second' | 'third' | 'before' | 'other';

export interface CurveLine {
	/** As the legend names it; no entry when absent. */
	readonly title?: string;
	readonly style: LineStyle;
	readonly curve: CurveOfRun;
}

/** The point at which a model works. */
export interface WorkingPoint {
	readonly title: string;
	readonly x: number;
	readonly y: number;
}

export type CurveKind = 'roc' | 'precisionRecall' | 'pro';

interface Words {
	readonly name: string;
	readonly title: string;
	readonly x: string;
	readonly y: string;
	/** Where curves of good models are not. */
	readonly free: 'right' | 'left';
}

const WORDS: Readonly<Record<CurveKind, Words>> = {
	roc: { name: 'roc', title: 'ROC', x: 'Good ones flagged', y: 'Defects found', free: 'right' },
	precisionRecall: {
		name: 'pr',
		title: 'Precision-recall',
		x: 'Defects found',
		y: 'Flags that are right',
		free: 'left',
	},
	pro: { name: 'pro', title: 'PRO', x: 'Good pixels flagged', y: 'Defect regions covered', free: 'right' },
};

const WIDTH = 280;
const HEIGHT = 262;
const BOX: Box = { left: 58, right: 262, top: 10, bottom: 220 };
const LEGEND_ROW_PX = 18;
const LEGEND_LINE_PX = 22;
/** Of the legend's typeface, on average. */
const LETTER_PX = 6.2;
/** Letters of a legend's entry; the box has no room for more. */
const LEGEND_LETTERS = 20;

/** ROC, precision-recall or PRO of one or several kinds. */
export function curvePlot(
	kind: CurveKind,
	{
		of,
		facts,
		lines,
		point,
	}: {
		/** Whose curves they are, as a file name and in words. */
		readonly of: { readonly name: string; readonly title: string };
		/** What is to be read from it, in words. */
		readonly facts: string;
		readonly lines: readonly CurveLine[];
		readonly point?: WorkingPoint;
	},
): Plot {
	const words = WORDS[kind];
	const end = kind === 'pro' ? Math.max(...lines.map(({ curve }) => curve.x.at(-1) ?? 0)) || 1 : 1;
	return {
		name: `${words.name}-${of.name}`,
		title: `${words.title}: ${of.title}`,
		short: words.title,
		description: `${words.title} of ${of.title}. ${facts}`,
		width: WIDTH,
		height: HEIGHT,
		draw: (tools) =>
			frame(
				tools,
				{
					box: BOX,
					x: { title: words.x, low: 0, high: end, format: percent, ticks: end < 0.5 ? 3 : 5 },
					y: { title: words.y, low: 0, high: 1, format: percent, ticks: 5 },
				},
				(placeX, placeY) => html`
					${kind === 'roc' && guess(placeX, placeY)}
					${[...lines].reverse().map(({ style, curve }) => path(tools, { style, curve, placeX, placeY }))}
					${point && html`<circle class="point" cx="${attribute(placeX(point.x))}" cy="${attribute(placeY(point.y))}" r="4.5" />`}
					${legend(tools, { lines, point, free: words.free })}
				`,
			),
	};
}

/** What guessing would give. */
function guess(placeX: Place, placeY: Place): Html {
	return html`<path class="guess" d="M${placeX(0)} ${placeY(0)}L${placeX(1)} ${placeY(1)}" />`;
}

function path(
	{ d3 }: Tools,
	{
		style,
		curve,
		placeX,
		placeY,
	}: {
		readonly style: LineStyle;
		readonly curve: CurveOfRun;
		readonly placeX: Place;
		readonly placeY: Place;
	},
): Html {
	const draw = d3
		.line<number>()
		.digits(1)
		.x((i) => placeX(curve.x[i]))
		.y((i) => placeY(curve.y[i]));
	return html`<path class="curve ${style}" d="${draw([...curve.x.keys()]) ?? ''}" />`;
}

function legend(
	{ pen }: Tools,
	{
		lines,
		point,
		free,
	}: {
		readonly lines: readonly CurveLine[];
		readonly point: WorkingPoint | undefined;
		readonly free: Words['free'];
	},
): Html {
	const entries: { readonly title: string; readonly style?: LineStyle }[] = [
		...lines.flatMap(({ title, style }) => (title === undefined ? [] : [{ title, style }])),
		...(point === undefined ? [] : [{ title: point.title }]),
	];
	const longest = Math.min(LEGEND_LETTERS, Math.max(0, ...entries.map(({ title }) => title.length)));
	const left = free === 'left' ? BOX.left + 12 : BOX.right - LEGEND_LINE_PX - 12 - longest * LETTER_PX;
	const top = BOX.bottom - 10 - (entries.length - 1) * LEGEND_ROW_PX;
	// Curves of poor models run below it.
	const backdrop = html`<rect
		class="backdrop"
		x="${attribute(left - 4)}"
		y="${top - 15}"
		width="${attribute(LEGEND_LINE_PX + 14 + longest * LETTER_PX)}"
		height="${entries.length * LEGEND_ROW_PX + 2}"
	/>`;
	return html`${backdrop}${entries.map(({ title, style }, row) => {
		const y = top + row * LEGEND_ROW_PX;
		const mark =
			style === undefined
				? html`<circle
						class="point"
						cx="${attribute(left + LEGEND_LINE_PX / 2)}"
						cy="${y - 4}"
						r="4.5"
					/>`
				: html`<path class="curve ${style}" d="M${attribute(left)} ${y - 4}h${LEGEND_LINE_PX}" />`;
		return html`${mark}${pen(shortened(title, LEGEND_LETTERS), { x: Math.round(left + LEGEND_LINE_PX + 6), y, role: 'ink' })}`;
	})}`;
}
