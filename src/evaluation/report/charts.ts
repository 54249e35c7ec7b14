import { rateOf } from './findings';
import { html, squeezed, type Html } from './html';
import { metric, percent, plural } from './numbers';
import { inlineSvg, type Plot, type Tools } from './plots/frame';
import type { CategoryPlots, RunPlots } from './plots/runPlots';

/** Fewer categories than this are all unfolded. */
const ALL_OPEN = 4;
/** Of more, the weakest are. */
const OPEN = 2;

/** Categories side by side: their AUROC with its confidence, and their curves in one plot each. */
export function overviewCharts({ overview }: RunPlots, tools: Tools): Html | undefined {
	if (overview.length === 0) return undefined;
	const [first, ...curves] = overview;
	return html`<section id="compare">
		<h2>Categories side by side</h2>
		<p>
			The weakest category comes first. The line through each point is where the figure lies with 95 %
			confidence, as far as the choice of test images goes; where two lines overlap widely, the order of
			the two may be chance.
		</p>
		<div class="side">${chart(first, tools)}</div>
		<div class="charts few">${curves.map((plot) => chart(plot, tools))}</div>
	</section>`;
}

/** Scores and curves of each category, the weakest first; as many categories as fit into `budget` bytes. */
export function categoryCharts({ categories }: RunPlots, tools: Tools, budget: number): Html | undefined {
	const drawable = categories.filter(({ plots }) => plots.length > 0);
	const parts: Html[] = [];
	let used = 0;
	for (const [i, one] of drawable.entries()) {
		const part = squeezed(category(one, { tools, isOpen: drawable.length <= ALL_OPEN || i < OPEN }));
		used += part.text.length;
		if (used > budget) break;
		parts.push(part);
	}
	if (parts.length === 0) return undefined;
	const left = drawable.length - parts.length;
	return html`<section id="curves">
		<h2>Scores and curves</h2>
		<p>
			<strong>Scores:</strong> good images stand above the line, defective ones hang below it. Whatever
			lies to the right of the dashed threshold is called an anomaly: good images there are false
			alarms, defective ones to its left are misses. <strong>Curves:</strong> what any other threshold
			would give; the nearer to the upper corner, the better. The dot is the threshold in use.
			${left > 0 && `The plots of ${plural(left, 'stronger category', 'stronger categories')} would have made this report too large to send.`}
		</p>
		${parts}
	</section>`;
}

function category(
	{ row, plots }: CategoryPlots,
	{ tools, isOpen }: { readonly tools: Tools; readonly isOpen: boolean },
): Html {
	const [misses, falseAlarms] = [rateOf([row], 'misses'), rateOf([row], 'falseAlarms')];
	const facts = [
		`image AUROC ${metric(row.metrics.imageAuroc)}`,
		...(misses === null ? [] : [`${percent(misses.share)} of ${misses.of} defects missed`]),
		...(falseAlarms === null
			? []
			: [`${percent(falseAlarms.share)} of ${falseAlarms.of} good images stopped`]),
	];
	return html`<details class="category" ${isOpen && html`open`}>
		<summary>
			<h3>${row.category}</h3>
			<span>${facts.join(', ')}</span>
		</summary>
		<div class="charts">${plots.map((plot) => chart(plot, tools, plot.short))}</div>
	</details>`;
}

function chart(plot: Plot, tools: Tools, title = plot.title): Html {
	return html`<figure class="chart">
		<figcaption>${title}</figcaption>
		${inlineSvg(plot, tools)}
	</figure>`;
}
