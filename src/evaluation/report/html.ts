/** A piece of markup that is safe to put into a page as it is. */
export class Html {
	constructor(readonly text: string) {}
}

/** What a template may hold: text is escaped, markup is not, lists are joined, nothing stays nothing. */
export type Piece = string | number | Html | null | undefined | false | readonly Piece[];

const ESCAPES: Readonly<Record<string, string>> = {
	'&': '&amp;',
	'<': '&lt;',
	'>': '&gt;',
	'"': '&quot;',
	"'": '&#39;',
};

/**
 * Markup with everything put into it escaped, in text and in quoted attributes alike.
 *
 * @example
 * html`<p title="${name}">${name}</p>`
 */
export function html(parts: TemplateStringsArray, ...pieces: readonly Piece[]): Html {
	let text = parts[0];
	for (const [i, piece] of pieces.entries()) text += render(piece) + parts[i + 1];
	return new Html(text);
}

/** Without the indentation of the templates: it is a fifth of a page. */
export function squeezed({ text }: Html): Html {
	return new Html(text.replace(/\n\s+/g, '\n'));
}

function render(piece: Piece): string {
	if (piece === null || piece === undefined || piece === false) return '';
	if (piece instanceof Html) return piece.text;
	if (typeof piece === 'string') return escapeText(piece);
	if (typeof piece === 'number') return String(piece);
	return piece.map(render).join('');
}

/** Control characters have no place in a page, and names of files may hold any. */
function escapeText(text: string): string {
	return text
		.replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, (found) => (found === '\n' ? '\n' : '\uFFFD'))
		.replace(/[&<>"']/g, (found) => ESCAPES[found]);
}
