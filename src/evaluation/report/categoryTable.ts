import type { CategoryOfRun, EvaluationRun } from '../../store/evaluationRun';
import { METRICS } from '../metricNames';
import { html, type Html } from './html';
import { metric, score } from './numbers';

/** A row for each category and one for their mean, with the number of images beside the figures. */
export function categoryTable({ categories, mean }: EvaluationRun): Html {
	return html`<section>
		<h2>Per category</h2>
		<div class="scroll" tabindex="0" role="region" aria-label="Figures per category">
			<table>
				<thead>
					<tr>
						<th scope="col">Category</th>
						<th scope="col" class="number">Good</th>
						<th scope="col" class="number">Defective</th>
						<th scope="col" class="number">With mask</th>
						<th scope="col" class="number">Threshold</th>
						<th scope="col" class="number">False alarms</th>
						<th scope="col" class="number">Misses</th>
						${METRICS.map(({ short }) => html`<th scope="col" class="number">${short}</th>`)}
					</tr>
				</thead>
				<tbody>
					${categories.map(categoryRow)}
					<tr class="mean">
						<th scope="row">Mean</th>
						<td colspan="6"></td>
						${METRICS.map(({ name }) => html`<td class="number">${metric(mean[name])}</td>`)}
					</tr>
				</tbody>
			</table>
		</div>
		${
			categories.some(({ intervals }) =>
				Object.values(intervals ?? {}).some((found) => found !== null),
			) &&
			html`<p>
				Small figures: where the value lies with 95 % confidence, as far as the choice of test images
				goes (bootstrap).
			</p>`
		}
		${reasons(categories)}
	</section>`;
}

function categoryRow(row: CategoryOfRun): Html {
	return html`<tr>
		<th scope="row">${row.category}</th>
		<td class="number">${row.good}</td>
		<td class="number">${row.anomalous}</td>
		<td class="number">${row.withMask}</td>
		<td class="number">${row.threshold === null ? '–' : score(row.threshold)}</td>
		<td class="number">${row.falseAlarms ?? '–'}</td>
		<td class="number">${row.misses ?? '–'}</td>
		${METRICS.map(
			({ name }) =>
				html`<td class="number">${metric(row.metrics[name])} ${interval(row.intervals?.[name])}</td>`,
		)}
	</tr>`;
}

function interval(found: readonly [number, number] | null | undefined): Html | undefined {
	if (!found) return undefined;
	return html`<span class="interval">${metric(found[0])} to ${metric(found[1])}</span>`;
}

/** One line for each category and reason, with all the metrics that it takes away. */
function reasons(categories: readonly CategoryOfRun[]): Html | undefined {
	const lines = categories.flatMap(({ category, reasons: why }) => {
		const titles = new Map<string, string[]>();
		for (const { name, short } of METRICS) {
			if (!Object.hasOwn(why, name)) continue;
			titles.set(why[name], [...(titles.get(why[name]) ?? []), short]);
		}
		return [...titles].map(([reason, metrics]) => `${category}, no ${metrics.join(', ')}: ${reason}`);
	});
	if (lines.length === 0) return undefined;
	return html`<ul class="reasons" aria-label="Why figures are absent">
		${lines.map((line) => html`<li>${line}</li>`)}
	</ul>`;
}
