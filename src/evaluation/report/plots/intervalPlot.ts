import { html, type Html } from '../html';
import { attribute, metric } from '../numbers';
import { frame, shortened, type Box, type Plot, type Tools } from './frame';

export interface IntervalRow {
	readonly title: string;
	readonly value: number;
	/** Where the value lies with 95 % confidence. */
	readonly interval: readonly [number, number] | null;
	/** What the earlier run had. */
	readonly before?: number | null;
}

const WIDTH = 360;
const LEFT = 132;
const RIGHT = WIDTH - 48;
const TOP = 8;
const ROW_PX = 22;
const FOOT_PX = 48;
const TITLE_LETTERS = 18;
/** Beyond the lowest value, so that it does not sit on the edge. */
const MARGIN = 0.04;

/** A value of each category with its confidence interval, one under the other, so that overlap is seen. */
export function intervalPlot(
	rows: readonly IntervalRow[],
	{
		name,
		title,
		axis,
		floor,
	}: {
		readonly name: string;
		readonly title: string;
		readonly axis: string;
		/** What a gate asks of each. */
		readonly floor?: number;
	},
): Plot {
	const height = TOP + rows.length * ROW_PX + FOOT_PX;
	const box: Box = { left: LEFT, right: RIGHT, top: TOP, bottom: height - FOOT_PX };
	const ends = rows.flatMap(({ value, interval, before }) => [
		value,
		interval?.[0] ?? value,
		before ?? value,
	]);
	const low = Math.max(0, Math.min(0.9, floor ?? 1, ...ends) - MARGIN);
	return {
		name,
		title,
		short: title,
		description: `${title}. ${rows.map(inWords).join('; ')}.`,
		width: WIDTH,
		height,
		draw: (tools) =>
			frame(
				tools,
				{
					box,
					x: { title: axis, low, high: 1, format: (value) => String(value), ticks: 5 },
					y: { title: '', low: 0, high: 1, format: () => '', ticks: 0 },
				},
				(placeX) => html`
					${
						floor !== undefined &&
						html`<path class="threshold" d="M${attribute(placeX(floor))} ${TOP}V${box.bottom}" />`
					}
					${rows.map((row, i) => drawRow(tools, row, { y: TOP + (i + 0.5) * ROW_PX, placeX }))}
				`,
			),
	};
}

function drawRow(
	{ pen }: Tools,
	{ title, value, interval, before }: IntervalRow,
	{ y, placeX }: { readonly y: number; readonly placeX: (value: number) => number },
): Html {
	const short = shortened(title, TITLE_LETTERS);
	return html`${pen(short, { x: LEFT - 10, y: y + 4, anchor: 'end', role: 'ink' })}
		${
			interval &&
			html`<path
				class="whisker"
				d="M${attribute(placeX(interval[0]))} ${y - 4}v8m0 -4H${attribute(placeX(interval[1]))}m0 -4v8"
			/>`
		}
		${
			typeof before === 'number' &&
			html`<circle class="earlier" cx="${attribute(placeX(before))}" cy="${y}" r="4.5" />`
		}
		<circle class="point" cx="${attribute(placeX(value))}" cy="${y}" r="4.5" />
		${pen(metric(value), { x: RIGHT + 8, y: y + 4, role: 'ink' })}`;
}

function inWords({ title, value, interval, before }: IntervalRow): string {
	const range = interval ? `, ${metric(interval[0])} to ${metric(interval[1])} with 95 % confidence` : '';
	return `${title} ${metric(value)}${range}${typeof before === 'number' ? `, ${metric(before)} before` : ''}`;
}
