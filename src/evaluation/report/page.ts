import { categoryTable } from './categoryTable';
import { categoryCharts, overviewCharts } from './charts';
import { comparison } from './comparison';
import type { ReportData } from './data';
import { defectTable } from './defectTable';
import { exampleGallery } from './exampleGallery';
import { findingsOf } from './findings';
import { Html, html, squeezed } from './html';
import type { Tools } from './plots/frame';
import { runPlots } from './plots/runPlots';
import { glossary, provenance } from './provenance';
import { STYLE } from './style';
import { summary } from './summary';

/** Mail servers and chat programs take a file of this size. */
const MOST_BYTES = 4_900_000;
/** Of plots at most; some ten thousand bytes for a category. */
const PLOT_BYTES = 2_000_000;

/**
 * An evaluation as one HTML page that needs nothing beside itself: no script, no network. Names of files, categories and models are
 * escaped, and the page forbids everything but its own style and embedded pictures. It stays below 5 MB: plots of the strongest categories
 * and the last pictures are left out before it grows larger.
 */
export function renderPage(data: ReportData, tools: Tools): string {
	const { run, previous, examples } = data;
	const plots = runPlots(run, data);
	const title = run.model.name === '' ? 'Scored items' : `${run.model.name} version ${run.model.version}`;
	const findings = findingsOf(data);
	const head = squeezed(summary(data, findings));
	const figures = squeezed(
		html`${categoryTable(run)} ${overviewCharts(plots, tools)} ${defectTable(findings.defectTypes)}`,
	);
	const charts = categoryCharts(plots, tools, PLOT_BYTES);
	const rest = squeezed(
		html`${previous && comparison(run, previous, findings.differences)} ${provenance(run)}
		${glossary(run)}`,
	);
	const parts = [head, figures, charts, rest].map((part) => Buffer.byteLength(part?.text ?? ''));
	const used = STYLE.length + parts.reduce((sum, bytes) => sum + bytes, 0);
	const gallery = exampleGallery(examples, MOST_BYTES - used);
	return html`<!doctype html>
		<html lang="en">
			<head>
				<meta charset="utf-8" />
				<meta name="viewport" content="width=device-width, initial-scale=1" />
				<meta name="color-scheme" content="light dark" />
				<meta
					http-equiv="Content-Security-Policy"
					content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"
				/>
				<title>${title}: evaluation</title>
				<style>
					${new Html(STYLE)}
				</style>
			</head>
			<body>
				<a class="skip" href="#figures">Skip to the figures</a>
				<main>
					${head}
					${contents({ overview: plots.overview.length > 0, figures, gallery, charts, previous })}
					${figures} ${gallery} ${charts} ${rest}
					<footer>Made by n8n-nodes-dinomaly ${run.versions.package ?? ''}</footer>
				</main>
			</body>
		</html> `.text;
}

/** Where to find what; only what is there. */
function contents(has: {
	readonly overview: boolean;
	readonly figures: Html;
	readonly gallery: Html | undefined;
	readonly charts: Html | undefined;
	readonly previous: unknown;
}): Html {
	const entries: readonly (readonly [string, string, boolean])[] = [
		['figures', 'Per category', true],
		['compare', 'Side by side', has.overview],
		['defects', 'Defects', has.figures.text.includes('id="defects"')],
		['images', 'Images', has.gallery !== undefined],
		['curves', 'Scores and curves', has.charts !== undefined],
		['changes', 'Since the earlier run', has.previous !== undefined],
		['making', 'What made these numbers', true],
		['words', 'What the words mean', true],
	];
	return html`<nav aria-label="Parts of this report">
		${entries.map(([id, title, isThere]) => isThere && html`<a href="#${id}">${title}</a> `)}
	</nav>`;
}
