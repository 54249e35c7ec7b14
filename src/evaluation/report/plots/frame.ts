import { html, type Html } from '../html';
import { attribute } from '../numbers';
import type { D3 } from './d3';
import type { Pen } from './pen';

/** What a plot is drawn with. */
export interface Tools {
	readonly d3: D3;
	readonly pen: Pen;
}

/** One plot: what it shows, in words for those who cannot see it, and its drawing. */
export interface Plot {
	/** Part of a file name: lower-case letters and dashes. */
	readonly name: string;
	/** As a picture of its own is headed. */
	readonly title: string;
	/** As it is headed where its surroundings say whose it is. */
	readonly short: string;
	readonly description: string;
	readonly width: number;
	readonly height: number;
	readonly draw: (tools: Tools) => Html;
}

export interface Axis {
	readonly title: string;
	readonly low: number;
	readonly high: number;
	readonly format: (value: number) => string;
	/** About how many ticks. */
	readonly ticks: number;
}

/** Where the data goes: pixels from the upper left corner. */
export interface Box {
	readonly left: number;
	readonly right: number;
	readonly top: number;
	readonly bottom: number;
}

export type Place = (value: number) => number;

const TICK_GAP = 6;

/** Axes with round ticks and light lines behind what `content` draws. */
export function frame(
	{ d3, pen }: Tools,
	{ box, x, y }: { readonly box: Box; readonly x: Axis; readonly y: Axis },
	content: (placeX: Place, placeY: Place) => Html,
): Html {
	const { left, right, top, bottom } = box;
	const scaleX = d3.scaleLinear([x.low, x.high], [left, right]);
	const scaleY = d3.scaleLinear([y.low, y.high], [bottom, top]);
	const columns = scaleX.ticks(x.ticks).map((value) => ({ at: attribute(scaleX(value)), value }));
	const rows = scaleY.ticks(y.ticks).map((value) => ({ at: attribute(scaleY(value)), value }));
	return html`${rows.map(({ at }) => html`<path class="grid" d="M${left} ${at}H${right}" />`)}
		${columns.map(({ at }) => html`<path class="grid" d="M${at} ${top}V${bottom}" />`)}
		${rows.map(({ at, value }) =>
			pen(y.format(value), { x: left - TICK_GAP, y: Number(at) + 4, anchor: 'end' }),
		)}
		${columns.map(({ at, value }) =>
			pen(x.format(value), { x: Number(at), y: bottom + 16, anchor: 'middle' }),
		)}
		${pen(x.title, { x: (left + right) / 2, y: bottom + 34, anchor: 'middle' })}
		${y.title !== '' && pen(y.title, { x: 12, y: (top + bottom) / 2, anchor: 'middle', upright: true })}
		${content(scaleX, scaleY)} <path class="axis" d="M${left} ${top}V${bottom}H${right}" />`;
}

/** A plot as part of a page. */
export function inlineSvg(plot: Plot, tools: Tools): Html {
	return html`<svg viewBox="0 0 ${plot.width} ${plot.height}" role="img" aria-label="${plot.description}">
		${plot.draw(tools)}
	</svg>`;
}

/** A name with at most so many letters; plots have no room for more, and their descriptions have it whole. */
export function shortened(name: string, most: number): string {
	const letters = Array.from(name);
	return letters.length <= most ? name : `${letters.slice(0, most - 1).join('')}…`;
}
