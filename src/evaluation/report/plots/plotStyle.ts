/** Colours of plots. Blue and orange stay apart for every kind of colour blindness; what differs by colour differs by place or dashes too. */
export type PlotColour = 'ink' | 'soft' | 'line' | 'good' | 'bad' | 'third' | 'card';

/** On paper and in pictures; a page has its own for the dark. */
export const LIGHT: Readonly<Record<PlotColour, string>> = {
	ink: '#1d2329',
	soft: '#59636e',
	line: '#dfe3e6',
	good: '#2f6fa8',
	bad: '#c8641b',
	third: '#7a4fa0',
	card: '#ffffff',
};

/** What drawings look like, with colours as `colour` gives them. */
export function plotStyle(colour: (name: PlotColour) => string): string {
	return `
.grid { stroke: ${colour('line')}; stroke-width: 1; fill: none; }
.axis { stroke: ${colour('soft')}; stroke-width: 1.2; fill: none; }
.curve { fill: none; stroke-width: 2.2; stroke-linejoin: round; }
.curve.first { stroke: ${colour('good')}; }
.curve.second { stroke: ${colour('bad')}; stroke-dasharray: 7 3; }
.curve.third { stroke: ${colour('third')}; stroke-dasharray: 2 3; }
.curve.before { stroke: ${colour('soft')}; stroke-width: 1.4; stroke-dasharray: 4 4; }
.curve.other { stroke: ${colour('soft')}; stroke-width: 1; opacity: .45; }
.guess { stroke: ${colour('soft')}; stroke-width: 1; stroke-dasharray: 1 4; fill: none; }
.point { fill: ${colour('ink')}; stroke: ${colour('card')}; stroke-width: 1.5; }
.earlier { fill: ${colour('card')}; stroke: ${colour('soft')}; stroke-width: 1.5; }
.whisker { stroke: ${colour('good')}; stroke-width: 2; fill: none; }
.backdrop { fill: ${colour('card')}; opacity: .8; }
.bar.good { fill: ${colour('good')}; }
.bar.anomalous { fill: ${colour('bad')}; }
.threshold { stroke: ${colour('ink')}; stroke-width: 1.5; stroke-dasharray: 5 4; fill: none; }
text.soft, .dots.soft { fill: ${colour('soft')}; }
text.ink, .dots.ink, text.title, .dots.title { fill: ${colour('ink')}; }
text.middle { text-anchor: middle; }
text.end { text-anchor: end; }
`;
}
