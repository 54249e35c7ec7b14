import { setImmediate as nextTick } from 'node:timers/promises';
import { hasTypeface, renderSvg } from '../../runtime/svg';
import type { ReportData } from './data';
import { reportJson } from './json';
import { renderMarkdown } from './markdown';
import { renderPage } from './page';
import { loadD3, type D3 } from './plots/d3';
import { dotPen, letterPen } from './plots/pen';
import { pictureOf } from './plots/picture';
import { runPlots } from './plots/runPlots';
import type { ReportFile, ReportRequest, ReportResult } from './request';

/**
 * Makes the asked parts of a report. Only plots need a native package.
 * @throws DinomalyError RUNTIME_MISSING when plots are asked for and sharp does not load
 */
export async function makeReport(
	{ data, parts }: ReportRequest,
	{ signal }: { readonly signal: AbortSignal },
): Promise<ReportResult> {
	const d3 = await loadD3();
	const files: ReportFile[] = [];
	for (const part of new Set(parts)) {
		if (part === 'plots') {
			files.push(...(await drawPlots(data, d3, signal)));
			continue;
		}
		const [name, mime, text] = {
			html: () => ['report.html', 'text/html', renderPage(data, { d3, pen: letterPen })],
			markdown: () => ['report.md', 'text/markdown', renderMarkdown(data)],
			json: () => ['report.json', 'application/json', `${JSON.stringify(reportJson(data))}\n`],
		}[part]();
		files.push({ part, name, mime, bytes: new TextEncoder().encode(text) });
	}
	return { files };
}

async function drawPlots(data: ReportData, d3: D3, signal: AbortSignal): Promise<ReportFile[]> {
	const { overview, categories } = runPlots(data.run, data);
	const tools = { d3, pen: (await hasTypeface()) ? letterPen : dotPen };
	const plots = [
		...overview.map((plot) => ({ plot })),
		...categories.flatMap(({ row, plots }) => plots.map((plot) => ({ plot, category: row.category }))),
	];
	const files: ReportFile[] = [];
	for (const { plot, ...whose } of plots) {
		signal.throwIfAborted();
		files.push({
			part: 'plots',
			name: `plots/${plot.name}.png`,
			mime: 'image/png',
			bytes: await renderSvg(pictureOf(plot, tools)),
			title: plot.title,
			...whose,
		});
		await nextTick(); // lets messages in, such as a cancel
	}
	return files;
}
