import { html, Html } from '../html';
import type { Plot, Tools } from './frame';
import { TEXT_PX, TITLE_PX } from './pen';
import { LIGHT, plotStyle } from './plotStyle';

/** Twice the size of the page's, so that it is sharp in a message. */
const ENLARGED = 2;
const EDGE_PX = 12;
const HEAD_PX = 2 * TITLE_PX + 4;
/** Families that most machines have one of; the last is whatever the machine calls its sans-serif. */
const FAMILIES = "'DejaVu Sans', 'Liberation Sans', 'Noto Sans', Arial, Helvetica, sans-serif";

/** A plot as a drawing of its own, on white, with its title: an SVG file that needs nothing beside itself but a typeface. */
export function pictureOf(plot: Plot, tools: Tools): string {
	const width = plot.width + 2 * EDGE_PX;
	const height = plot.height + HEAD_PX + EDGE_PX;
	const style = `svg text { font: ${TEXT_PX}px ${FAMILIES}; } svg text.title { font-size: ${TITLE_PX}px; font-weight: bold; }${plotStyle((name) => LIGHT[name])}`;
	return html`<svg
		xmlns="http://www.w3.org/2000/svg"
		width="${width * ENLARGED}"
		height="${height * ENLARGED}"
		viewBox="0 0 ${width} ${height}"
	>
		<style>
			${new Html(style)}
		</style>
		<rect width="${width}" height="${height}" fill="${LIGHT.card}" />
		${tools.pen(plot.title, { x: EDGE_PX, y: HEAD_PX - TITLE_PX, role: 'title' })}
		<g transform="translate(${EDGE_PX} ${HEAD_PX})">${plot.draw(tools)}</g>
	</svg>`.text;
}
