import { dotPath } from '../../../dataset/sample/dotPath';
import { html, Html } from '../html';

export interface TextPlace {
	readonly x: number;
	/** Of the baseline. */
	readonly y: number;
	readonly anchor?: 'start' | 'middle' | 'end';
	/** `ink`: what must be read; `soft`: axes and notes; `title`: the head of a picture. */
	readonly role?: 'ink' | 'soft' | 'title';
	/** Turned a quarter to the left around its anchor. */
	readonly upright?: boolean;
}

/** How plots write their texts. */
export type Pen = (text: string, place: TextPlace) => Html;

export const TEXT_PX = 12;
export const TITLE_PX = 15;

/** With the typeface of whoever looks at it. */
export const letterPen: Pen = (text, place) => {
	const { x, y, anchor = 'start', role = 'soft' } = place;
	return html`<text class="${role} ${anchor}" x="${x}" y="${y}" ${turned(place)}>${text}</text>`;
};

/** With dots of our own, for pictures drawn on a machine without any typeface, where text would be left out silently. */
export const dotPen: Pen = (text, place) => {
	const { x, y, anchor = 'start', role = 'soft' } = place;
	const size = role === 'title' ? TITLE_PX : TEXT_PX;
	return html`<path
		class="dots ${role}"
		d="${new Html(dotPath(text, { x, y, size, anchor }))}"
		${turned(place)}
	/>`;
};

function turned({ x, y, upright }: TextPlace): Html | undefined {
	return upright === true ? html`transform="rotate(-90 ${x} ${y})"` : undefined;
}
