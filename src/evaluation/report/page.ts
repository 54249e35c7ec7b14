import { categoryTable } from './categoryTable';
import { comparison } from './comparison';
import type { ReportData } from './data';
import { defectTable } from './defectTable';
import { exampleGallery } from './exampleGallery';
import { histograms } from './histogram';
import { Html, html } from './html';
import { glossary, provenance } from './provenance';
import { STYLE } from './style';
import { summary } from './summary';

/**
 * An evaluation as one HTML page that needs nothing beside itself: no script, no network. Names of files, categories and models are
 * escaped, and the page forbids everything but its own style and embedded pictures.
 */
export function renderReport(data: ReportData): string {
	const { run, previous, examples } = data;
	const page = html`<!doctype html>
		<html lang="en">
			<head>
				<meta charset="utf-8" />
				<meta name="viewport" content="width=device-width, initial-scale=1" />
				<meta
					http-equiv="Content-Security-Policy"
					content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"
				/>
				<title>
					${run.model.name === '' ? 'Scored items' : `${run.model.name} version ${run.model.version}`}:
					evaluation
				</title>
				<style>
					${new Html(STYLE)}
				</style>
			</head>
			<body>
				<main>
					${summary(data)} ${categoryTable(run)} ${defectTable(run)}
					${run.images.length > 0 && histograms(run)} ${exampleGallery(examples)}
					${previous && comparison(run, previous)} ${provenance(run)} ${glossary()}
					<footer>Made by n8n-nodes-dinomaly ${run.versions.package ?? ''}</footer>
				</main>
			</body>
		</html> `;
	return page.text;
}
