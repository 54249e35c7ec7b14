/**
 * The report's style sheet. Blue and orange stay apart for every kind of colour blindness and in gray print, where the bars also
 * differ by their side of the axis; nothing is said by colour alone.
 */
export const STYLE = `
:root {
	color-scheme: light dark;
	--page: #fbfbfa; --card: #ffffff; --ink: #1d2329; --soft: #59636e; --line: #dfe3e6;
	--good: #2f6fa8; --bad: #c8641b; --pass: #1e6b45; --pass-bg: #e7f4ec; --fail: #a3262a; --fail-bg: #fbeaea; --warn-bg: #fdf5e3; --warn: #6d5007;
}
@media (prefers-color-scheme: dark) {
	:root {
		--page: #14181c; --card: #1b2126; --ink: #e6e9ec; --soft: #a0aab4; --line: #323a42;
		--good: #6caee6; --bad: #f09a55; --pass: #86d5a9; --pass-bg: #163126; --fail: #f5a3a3; --fail-bg: #3a1d1f; --warn-bg: #332a15; --warn: #ecce8a;
	}
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 40px 24px 64px; }
h1 { margin: 0; font-size: 2rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 0 0 8px; font-size: 1.25rem; }
section { margin-top: 48px; }
section > p { max-width: 68ch; margin: 0 0 16px; color: var(--soft); }
.kicker { margin: 0 0 4px; color: var(--soft); font-size: .875rem; }
.version { color: var(--soft); font-weight: 400; }
.meta { margin: 8px 0 0; color: var(--soft); overflow-wrap: anywhere; }
.verdict { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 24px 0 0; padding: 14px 18px; border-radius: 10px; border-left: 6px solid; }
.verdict strong { white-space: nowrap; }
.verdict span { overflow-wrap: anywhere; min-width: 0; }
.passed { background: var(--pass-bg); border-color: var(--pass); }
.passed strong { color: var(--pass); }
.failed { background: var(--fail-bg); border-color: var(--fail); }
.failed strong { color: var(--fail); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(184px, 1fr)); gap: 12px; margin: 24px 0 0; padding: 0; list-style: none; }
.tiles li { display: flex; flex-direction: column; padding: 16px; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.tiles .title { font-size: .875rem; color: var(--soft); }
.tiles .figure { font-size: 1.875rem; font-weight: 600; font-variant-numeric: tabular-nums; line-height: 1.3; }
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
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.scroll:focus-visible { outline: 3px solid var(--good); outline-offset: 2px; }
th:first-child, td:first-child { padding-left: 14px; }
th:last-child, td:last-child { padding-right: 14px; }
table { width: 100%; border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { padding: 9px 8px; text-align: left; border-bottom: 1px solid var(--line); }
thead th { font-weight: 600; color: var(--soft); vertical-align: bottom; line-height: 1.25; }
tbody tr:last-child > * { border-bottom: 0; }
tbody th { position: sticky; left: 0; background: var(--card); font-weight: 600; white-space: nowrap; max-width: 40vw; overflow: hidden; text-overflow: ellipsis; }
.number { text-align: right; white-space: nowrap; }
thead .number { white-space: normal; }
.mean > * { font-weight: 600; border-top: 2px solid var(--line); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); gap: 16px; }
figure { margin: 0; padding: 14px 16px; background: var(--card); border: 1px solid var(--line); border-radius: 10px; break-inside: avoid; }
figcaption { font-size: .875rem; color: var(--soft); overflow-wrap: anywhere; }
figcaption strong { color: var(--ink); margin-right: 6px; }
svg { display: block; width: 100%; height: auto; margin-top: 8px; }
svg .good { fill: var(--good); }
svg .anomalous { fill: var(--bad); }
svg .axis { stroke: var(--soft); stroke-width: 1; }
svg .threshold { stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 5 4; }
svg text { fill: var(--soft); font: 12px system-ui, sans-serif; }
svg .tick { text-anchor: middle; }
svg .mark { fill: var(--ink); }
svg .mark.end { text-anchor: end; }
.examples { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 320px), 1fr)); gap: 16px; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 8px; margin-bottom: 10px; }
.pair img { width: 100%; height: auto; border-radius: 6px; display: block; }
.file { display: block; font-size: .8125rem; }
dl { margin: 0; padding: 4px 18px; background: var(--card); border: 1px solid var(--line); border-radius: 10px; font-size: .875rem; }
dl div { display: grid; grid-template-columns: minmax(120px, 220px) 1fr; gap: 16px; padding: 8px 0; border-bottom: 1px solid var(--line); }
dl div:last-child { border-bottom: 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
footer { margin-top: 40px; color: var(--soft); font-size: .8125rem; }
@media (max-width: 560px) {
	main { padding: 24px 16px 40px; }
	h1 { font-size: 1.6rem; }
	section { margin-top: 36px; }
	.tiles { grid-template-columns: 1fr 1fr; }
	.tiles li:last-child:nth-child(odd) { grid-column: span 2; }
	.tiles .figure { font-size: 1.5rem; }
	dl div { grid-template-columns: 1fr; gap: 0; }
}
@media print {
	:root { --page: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --good: #2f6fa8; --bad: #c8641b; --pass: #1e6b45; --pass-bg: #fff; --fail: #a3262a; --fail-bg: #fff; --warn-bg: #fff; --warn: #444; }
	@page { margin: 14mm; }
	body { font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
	main { max-width: none; padding: 0; }
	section { margin-top: 24px; }
	h2 { break-after: avoid; }
	table { font-size: 7.5pt; }
	th, td { padding: 4px 5px; }
	.scroll { overflow: visible; }
	.tiles { grid-template-columns: repeat(5, 1fr); gap: 8px; }
	.tiles li { padding: 8px 10px; }
	.charts, .examples { grid-template-columns: repeat(3, 1fr); gap: 8px; }
	figure { padding: 8px; }
	dl div { padding: 3px 0; }
	section > p { break-after: avoid; break-inside: avoid; }
	td .change, td .interval { font-size: 6.5pt; }
	dl div, .tiles li, tr { break-inside: avoid; }
	tbody th { max-width: none; }
	.verdict { border: 1px solid; border-left-width: 6px; }
}
`;
