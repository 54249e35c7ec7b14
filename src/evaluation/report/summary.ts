import type { CategoryOfRun, EvaluationRun } from '../../store/evaluationRun';
import type { ReportData } from './data';
import { html, type Html } from './html';
import { change, metric, moment, plural, share } from './numbers';

/** Below this many images of a kind, one image more or less moves a figure visibly. */
const FEW_IMAGES = 30;

/** Name, moment, verdict and the figures that matter most. */
export function summary({ run, previous, verdict }: ReportData): Html {
	return html`<header>
		<p class="kicker">Evaluation of a visual inspection model</p>
		<h1>${titleOf(run)}</h1>
		<p class="meta">
			${describeData(run)}, ${moment(run.created)}, ${plural(countImages(run.categories), 'image')} in
			${plural(run.categories.length, 'category', 'categories')}
		</p>
		${
			verdict &&
			html`<p class="verdict ${verdict.passed ? 'passed' : 'failed'}">
				<strong>${verdict.passed ? '✓ Gate passed' : '✗ Gate failed'}</strong>
				<span>${asSentence(verdict.reason)}</span>
			</p>`
		}
		<ul class="tiles" aria-label="Most important figures">
			${tile('Image AUROC', 'How well good and defective images are told apart', 'imageAuroc')}
			${tile('Image F1-max', 'Best balance of finds and false alarms', 'imageF1Max')}
			${tile('AUPRO', 'How well defects are located', 'aupro')}
			${alarmTile(run.categories, 'falseAlarms')} ${alarmTile(run.categories, 'misses')}
		</ul>
		${warnings(run)}
	</header>`;

	function tile(title: string, meaning: string, name: string): Html {
		const now = run.mean[name] ?? null;
		const { text, direction } = change(previous?.mean[name], now);
		return html`<li>
			<span class="title">${title}</span>
			<span class="figure">${metric(now)}</span>
			<span class="note">${meaning}; mean over categories</span>
			${previous && html`<span class="change ${direction}">${text} since the earlier run</span>`}
		</li>`;
	}
}

function alarmTile(categories: readonly CategoryOfRun[], kind: 'falseAlarms' | 'misses'): Html {
	const judged = categories.filter((category) => category[kind] !== null);
	const total = judged.reduce((sum, one) => sum + (kind === 'misses' ? one.anomalous : one.good), 0);
	const count = judged.reduce((sum, one) => sum + (one[kind] ?? 0), 0);
	const [title, meaning] =
		kind === 'misses'
			? ['Misses', 'defective images not above the threshold (escape)']
			: ['False alarms', 'good images above the threshold (overkill)'];
	return html`<li>
		<span class="title">${title}</span>
		<span class="figure">${judged.length === 0 ? '–' : count}</span>
		<span class="note"
			>${judged.length === 0 ? 'no threshold: the model has no calibration' : `${share(count, total)} ${meaning}`}</span
		>
	</li>`;
}

function warnings(run: EvaluationRun): Html | undefined {
	const few = run.categories.filter(({ good, anomalous }) => good < FEW_IMAGES || anomalous < FEW_IMAGES);
	const lines = [
		...run.notices,
		...(run.failures > 0
			? [
					`${plural(run.failures, 'image')} could not be evaluated and ${run.failures === 1 ? 'is' : 'are'} left out`,
				]
			: []),
		...(few.length > 0
			? [
					`Fewer than ${FEW_IMAGES} good or ${FEW_IMAGES} defective images in ${few.map(({ category }) => category).join(', ')}: ` +
						'these figures are rough, and a small change may be chance',
				]
			: []),
	];
	if (lines.length === 0) return undefined;
	return html`<ul class="warnings" aria-label="What to keep in mind">
		${lines.map((line) => html`<li>${line}</li>`)}
	</ul>`;
}

/** The verdict's word is in the heading already. */
function asSentence(reason: string): string {
	const rest = reason.replace(/^(?:Passed|Failed): /, '');
	return rest.charAt(0).toUpperCase() + rest.slice(1);
}

function titleOf({ model }: EvaluationRun): Html {
	if (model.name === '') return html`Items of an unknown model`;
	return html`${model.name} <span class="version">version ${model.version}</span>`;
}

function describeData({ dataset, source }: EvaluationRun): string {
	return source === 'dataset' ? `dataset “${dataset.root}”` : 'scored items of a workflow';
}

function countImages(categories: readonly CategoryOfRun[]): number {
	return categories.reduce((sum, { good, anomalous }) => sum + good + anomalous, 0);
}
