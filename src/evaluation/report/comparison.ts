import type { EvaluationRun } from '../../store/evaluationRun';
import { describeDifference, type CategoryDifference } from '../compare';
import { METRICS } from '../metricNames';
import { html, type Html } from './html';
import { change, metric, moment } from './numbers';

/** What changed since an earlier run: the figures, and what they rest on. */
export function comparison(
	run: EvaluationRun,
	previous: EvaluationRun,
	tested: readonly CategoryDifference[],
): Html {
	const before = new Map(previous.categories.map((row) => [row.category, row.metrics]));
	const rows = [
		...run.categories.map(({ category, metrics }) => ({
			title: category,
			now: metrics,
			then: before.get(category),
		})),
		{ title: 'Mean', now: run.mean, then: previous.mean },
	];
	const shown = METRICS.filter(({ name }) => rows.some(({ now }) => typeof now[name] === 'number'));
	return html`<section id="changes">
		<h2>Since the earlier run</h2>
		<p>
			Compared with the run of ${moment(previous.created)} (${previous.id}), version
			${previous.model.version} of the model.
			${
				sameImages(run, previous)
					? 'Both runs looked at the same test images.'
					: 'The test images are not the same, so part of a change may come from them.'
			}
		</p>
		<div class="scroll" tabindex="0" role="region" aria-label="Changes per category">
			<table>
				<thead>
					<tr>
						<th scope="col">Category</th>
						${shown.map(({ short }) => html`<th scope="col" class="number">${short}</th>`)}
					</tr>
				</thead>
				<tbody>
					${rows.map(
						({ title, now, then }) =>
							html`<tr class="${title === 'Mean' ? 'mean' : ''}">
								<th scope="row">${title}</th>
								${shown.map(({ name }) => cell(then?.[name], now[name]))}
							</tr>`,
					)}
				</tbody>
			</table>
		</div>
		${significance(tested)} ${differences(run, previous)}
	</section>`;
}

function cell(before: number | null | undefined, now: number | null): Html {
	const { text, direction } = change(before, now);
	return html`<td class="number">${metric(now)} <span class="change ${direction}">${text}</span></td>`;
}

function significance(tested: readonly CategoryDifference[]): Html | undefined {
	const lines = tested.map(describeDifference);
	if (lines.length === 0) return undefined;
	return html`<p>
			Whether image AUROC changed by more than chance (DeLong's test, one category at a time):
		</p>
		<ul class="reasons" aria-label="Changes beyond chance">
			${lines.map((line) => html`<li>${line}</li>`)}
		</ul>`;
}

function differences(run: EvaluationRun, previous: EvaluationRun): Html | undefined {
	const facts: readonly (readonly [string, string, string])[] = [
		['Model version', previous.model.version, run.model.version],
		['Encoder', previous.encoder.name, run.encoder.name],
		['Device', previous.device, run.device],
		['Mask rule', previous.maskRule, run.maskRule],
		['Package', previous.versions.package ?? '', run.versions.package ?? ''],
	];
	const changed = facts.filter(([, then, now]) => then !== now);
	if (changed.length === 0) return undefined;
	return html`<ul class="reasons" aria-label="What else changed">
		${changed.map(([what, then, now]) => html`<li>${what}: ${then} before, ${now} now</li>`)}
	</ul>`;
}

function sameImages({ dataset }: EvaluationRun, previous: EvaluationRun): boolean {
	return dataset.fingerprint !== null && dataset.fingerprint === previous.dataset.fingerprint;
}
