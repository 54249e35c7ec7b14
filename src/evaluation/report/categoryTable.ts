import type { CategoryOfRun, EvaluationRun } from '../../store/evaluationRun';
import { METRICS } from '../metricNames';
import { rateOf, type Rate } from './findings';
import { html, type Html } from './html';
import { metric, percent, score } from './numbers';

/** Two tables with a row for each category: what happens at the threshold, and the metrics of the paper with their means. */
export function categoryTable({ categories, mean }: EvaluationRun): Html {
	return html`<section id="figures">
		<h2>Per category</h2>
		<h3 class="first">At the threshold in use</h3>
		<div class="scroll" tabindex="0" role="region" aria-label="Misses and false alarms per category">
			<table>
				<thead>
					<tr>
						<th scope="col">Category</th>
						<th scope="col" class="number">Good images</th>
						<th scope="col" class="number">Stopped (false alarms)</th>
						<th scope="col" class="number">Defective images</th>
						<th scope="col" class="number">Let pass (misses)</th>
						<th scope="col" class="number">With mask</th>
						<th scope="col" class="number">Threshold</th>
					</tr>
				</thead>
				<tbody>
					${categories.map(thresholdRow)}
				</tbody>
			</table>
		</div>
		<h3>Whatever the threshold: the metrics of the paper</h3>
		<div class="scroll" tabindex="0" role="region" aria-label="Metrics per category">
			<table>
				<thead>
					<tr>
						<th scope="col">Category</th>
						${METRICS.map(({ short }) => html`<th scope="col" class="number">${short}</th>`)}
					</tr>
				</thead>
				<tbody>
					${categories.map(metricRow)}
					<tr class="mean">
						<th scope="row">Mean</th>
						${METRICS.map(({ name }) => html`<td class="number">${metric(mean[name])}</td>`)}
					</tr>
				</tbody>
			</table>
		</div>
		<p>
			Small figures: where the value lies with 95 % confidence, as far as the choice of test images goes
			(rates by Wilson, metrics by bootstrap).
		</p>
		${reasons(categories)}
	</section>`;
}

function thresholdRow(row: CategoryOfRun): Html {
	return html`<tr>
		<th scope="row">${row.category}</th>
		<td class="number">${row.good}</td>
		<td class="number">${rate(rateOf([row], 'falseAlarms'))}</td>
		<td class="number">${row.anomalous}</td>
		<td class="number">${rate(rateOf([row], 'misses'))}</td>
		<td class="number">${row.withMask}</td>
		<td class="number">${row.threshold === null ? '–' : score(row.threshold)}</td>
	</tr>`;
}

function metricRow(row: CategoryOfRun): Html {
	return html`<tr>
		<th scope="row">${row.category}</th>
		${METRICS.map(
			({ name }) =>
				html`<td class="number">${metric(row.metrics[name])} ${interval(row.intervals?.[name])}</td>`,
		)}
	</tr>`;
}

function rate(found: Rate | null): Html {
	if (found === null) return html`–`;
	const [low, high] = found.interval;
	return html`${found.count} (${percent(found.share)})
		<span class="interval">${percent(low)} to ${percent(high)}</span>`;
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
