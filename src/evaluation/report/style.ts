import { plotStyle } from './plots/plotStyle';

/**
 * The report's style sheet. Blue and orange stay apart for every kind of colour blindness and in gray print, where the bars also
 * differ by their side of the axis; nothing is said by colour alone.
 */
export const STYLE = `
:root {
	color-scheme: light dark;
	--page: #fbfbfa; --card: #ffffff; --ink: #1d2329; --soft: #59636e; --line: #dfe3e6; --link: #1f5f94;
	--good: #2f6fa8; --bad: #c8641b; --third: #7a4fa0;
	--pass: #1e6b45; --pass-bg: #e7f4ec; --fail: #a3262a; --fail-bg: #fbeaea; --warn-bg: #fdf5e3; --warn: #6d5007; --open: #4a5560; --open-bg: #eef1f4;
}
@media (prefers-color-scheme: dark) {
	:root {
		--page: #14181c; --card: #1b2126; --ink: #e6e9ec; --soft: #a0aab4; --line: #323a42; --link: #8cc0ee;
		--good: #6caee6; --bad: #f09a55; --third: #c39be8;
		--pass: #86d5a9; --pass-bg: #163126; --fail: #f5a3a3; --fail-bg: #3a1d1f; --warn-bg: #332a15; --warn: #ecce8a; --open: #b3bdc7; --open-bg: #232a31;
	}
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { margin: 0; font-size: 1.75rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 0 0 8px; font-size: 1.25rem; }
h3 { margin: 28px 0 4px; font-size: 1.0625rem; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--good); outline-offset: 2px; }
section { margin-top: 48px; scroll-margin-top: 16px; }
section > p, details > p { max-width: 72ch; margin: 0 0 16px; color: var(--soft); }
.scroll + p { margin-top: 10px; }
.scroll + h3 { margin-bottom: 8px; }
h3.first { margin: 16px 0 8px; }
.skip { position: absolute; left: -999em; }
.skip:focus { left: 8px; top: 8px; padding: 8px 12px; background: var(--card); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.kicker { margin: 0 0 4px; color: var(--soft); font-size: .875rem; }
.version { color: var(--soft); font-weight: 400; }
.meta { margin: 6px 0 0; color: var(--soft); overflow-wrap: anywhere; }
.answer { margin: 20px 0 0; padding: 18px 22px; border-radius: 12px; border-left: 6px solid; }
.answer h2 { font-size: .9375rem; font-weight: 600; margin: 0; }
.answer .headline { max-width: none; margin: 2px 0 6px; font-size: 1.375rem; font-weight: 650; line-height: 1.3; color: inherit; }
.answer .reason { max-width: none; margin: 0 0 10px; color: var(--ink); overflow-wrap: anywhere; }
.answer ul { margin: 0; padding-left: 20px; color: var(--ink); overflow-wrap: anywhere; }
.answer li { margin: 3px 0; }
.answer.yes { background: var(--pass-bg); border-color: var(--pass); color: var(--pass); }
.answer.no { background: var(--fail-bg); border-color: var(--fail); color: var(--fail); }
.answer.undecided { background: var(--open-bg); border-color: var(--open); color: var(--open); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(184px, 1fr)); gap: 12px; margin: 16px 0 0; padding: 0; list-style: none; }
.tiles li { display: flex; flex-direction: column; padding: 14px 16px; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.tiles .title { font-size: .875rem; color: var(--soft); }
.tiles .figure { font-size: 1.75rem; font-weight: 600; font-variant-numeric: tabular-nums; line-height: 1.3; }
.tiles .note { font-size: .8125rem; color: var(--soft); line-height: 1.35; }
.tiles .change { margin-top: 6px; font-size: .8125rem; }
.change { font-variant-numeric: tabular-nums; color: var(--soft); }
.change.down { color: var(--fail); }
.change.up { color: var(--pass); }
td .change { display: block; font-size: .8125rem; }
td .interval { display: block; font-size: .75rem; color: var(--soft); white-space: nowrap; }
.warnings, .reasons { margin: 16px 0 0; padding: 12px 16px 12px 34px; border-radius: 10px; font-size: .875rem; overflow-wrap: anywhere; }
.warnings { background: var(--warn-bg); color: var(--warn); }
.reasons { padding-left: 18px; color: var(--soft); }
nav { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 20px 0 0; font-size: .875rem; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
th:first-child, td:first-child { padding-left: 14px; }
th:last-child, td:last-child { padding-right: 14px; }
table { width: 100%; border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { padding: 9px 8px; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
thead th { font-weight: 600; color: var(--soft); vertical-align: bottom; line-height: 1.25; }
tbody tr:last-child > * { border-bottom: 0; }
tbody th { position: sticky; left: 0; background: var(--card); font-weight: 600; white-space: nowrap; max-width: 40vw; overflow: hidden; text-overflow: ellipsis; }
.number { text-align: right; white-space: nowrap; }
thead .number { white-space: normal; }
.wide { width: 26%; min-width: 90px; }
.mean > * { font-weight: 600; border-top: 2px solid var(--line); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 250px), 1fr)); gap: 14px; margin-top: 14px; }
.side { max-width: 480px; }
figure { margin: 0; padding: 12px 14px; background: var(--card); border: 1px solid var(--line); border-radius: 10px; break-inside: avoid; }
figcaption { font-size: .875rem; color: var(--soft); overflow-wrap: anywhere; }
.chart figcaption { color: var(--ink); font-weight: 600; }
figcaption strong { color: var(--ink); margin-right: 6px; }
svg { display: block; width: 100%; height: auto; margin-top: 6px; }
svg text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; }
svg.share { height: 10px; margin-top: 5px; border-radius: 3px; }
.track { fill: var(--line); }
details { margin-top: 14px; }
summary { cursor: pointer; padding: 8px 0; border-bottom: 1px solid var(--line); font-weight: 600; }
summary h3 { display: inline; margin: 0; overflow-wrap: anywhere; }
summary span { color: var(--soft); font-size: .875rem; font-weight: 400; margin-left: 8px; }
.examples { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 420px), 1fr)); gap: 14px; margin-top: 12px; }
section > h3 + p, details > h3 + p { margin-bottom: 0; }
.triplet { display: grid; grid-template-columns: repeat(3, 1fr); gap: 8px; margin-bottom: 8px; }
.triplet img { width: 100%; height: auto; border-radius: 6px; display: block; }
.triplet span { display: block; font-size: .75rem; color: var(--soft); }
.empty { display: flex; align-items: center; justify-content: center; margin: 0; padding: 6px; aspect-ratio: 1; border: 1px dashed var(--line); border-radius: 6px; color: var(--soft); font-size: .8125rem; text-align: center; }
figure.scale { max-width: 420px; margin: 0 0 4px; padding: 8px 12px; }
.file { display: block; font-size: .8125rem; }
dl { margin: 0; padding: 4px 18px; background: var(--card); border: 1px solid var(--line); border-radius: 10px; font-size: .875rem; }
dl div { display: grid; grid-template-columns: minmax(120px, 220px) 1fr; gap: 16px; padding: 8px 0; border-bottom: 1px solid var(--line); }
dl div:last-child { border-bottom: 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
footer { margin-top: 40px; color: var(--soft); font-size: .8125rem; }
${plotStyle((name) => `var(--${name})`)}
@media (max-width: 560px) {
	main { padding: 20px 14px 40px; }
	h1 { font-size: 1.5rem; }
	section { margin-top: 36px; }
	.answer { padding: 14px 16px; }
	.answer .headline { font-size: 1.1875rem; }
	.tiles { grid-template-columns: 1fr 1fr; gap: 8px; }
	.tiles li { padding: 10px 12px; }
	.tiles li:last-child:nth-child(odd) { grid-column: span 2; }
	.tiles .figure { font-size: 1.5rem; }
	.wide { display: none; }
	th, td { padding: 8px 6px; }
	tbody th { max-width: 34vw; }
	dl div { grid-template-columns: 1fr; gap: 0; }
}
@media print {
	:root { color-scheme: light; --page: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --link: #000; --good: #2f6fa8; --bad: #c8641b; --third: #7a4fa0; --pass: #1e6b45; --pass-bg: #fff; --fail: #a3262a; --fail-bg: #fff; --warn-bg: #fff; --warn: #444; --open: #444; --open-bg: #fff; }
	@page { margin: 14mm; }
	body { font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
	main { max-width: none; padding: 0; }
	nav, .skip { display: none; }
	section { margin-top: 20px; }
	h2, h3, summary { break-after: avoid; }
	.answer { margin-top: 12px; border: 1px solid; border-left-width: 6px; break-inside: avoid; }
	table { font-size: 7.5pt; }
	th, td { padding: 4px 5px; }
	.scroll { overflow: visible; }
	.tiles { grid-template-columns: repeat(5, 1fr); gap: 8px; }
	.tiles li { padding: 8px 10px; }
	.tiles .figure { font-size: 1.375rem; }
	.charts { grid-template-columns: repeat(4, 1fr); gap: 6px; }
	.charts.few { grid-template-columns: repeat(3, 1fr); }
	.charts .chart figcaption { font-size: 7.5pt; }
	.examples { grid-template-columns: repeat(2, 1fr); gap: 8px; }
	figure { padding: 8px; }
	dl div { padding: 3px 0; }
	section > p, details > p { break-after: avoid; break-inside: avoid; }
	td .change, td .interval { font-size: 6.5pt; }
	dl div, .tiles li, tr { break-inside: avoid; }
	tbody th { max-width: none; position: static; }
	.category { break-inside: avoid; }
	footer { margin-top: 10px; break-before: avoid; }
	details::details-content { content-visibility: visible; block-size: auto; }
}
`;
