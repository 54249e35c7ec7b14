import type { EvaluationRun } from '../../store/evaluationRun';
import type { ReportData } from './data';
import type { Findings, Rate } from './findings';
import { html, type Html } from './html';
import { change, metric, moment, percent, plural } from './numbers';

const MARKS: Readonly<Record<Findings['answer'], string>> = { yes: '✓', no: '✗', undecided: '?' };

/** What it is about, the answer in words, and the figures that matter most: the first screen. */
export function summary({ run, previous }: ReportData, findings: Findings): Html {
	const { answer, headline, reason, sentences, warnings } = findings;
	return html`<header>
			<p class="kicker">Evaluation of a visual inspection model</p>
			<h1>${titleOf(run)}</h1>
			<p class="meta">
				${describeData(run)}, ${moment(run.created)}, ${plural(findings.images, 'image')} in
				${plural(run.categories.length, 'category', 'categories')}
			</p>
		</header>
		<section class="answer ${answer}" aria-labelledby="answer">
			<h2 id="answer">May this model run?</h2>
			<p class="headline"><span class="sign" aria-hidden="true">${MARKS[answer]}</span> ${headline}.</p>
			${reason !== null && html`<p class="reason">${reason}</p>`}
			<ul>
				${sentences.map((sentence) => html`<li>${sentence}</li>`)}
			</ul>
		</section>
		<ul class="tiles" aria-label="Most important figures">
			${rateTile('Misses', 'defective images that pass as good (escape)', findings.misses)}
			${rateTile('False alarms', 'good images that are stopped (overkill)', findings.falseAlarms)}
			${tile('Image AUROC', 'how well good and defective images are told apart', 'imageAuroc')}
			${tile('Image F1-max', 'best balance of finds and false alarms', 'imageF1Max')}
			${tile('AUPRO', 'how well defects are located', 'aupro')}
		</ul>
		${
			warnings.length > 0 &&
			html`<ul class="warnings" aria-label="What to keep in mind">
				${warnings.map((line) => html`<li>${line}</li>`)}
			</ul>`
		}`;

	function tile(title: string, meaning: string, name: string): Html {
		const now = run.mean[name] ?? null;
		const { text, direction } = change(previous?.mean[name], now);
		const several = run.categories.length > 1;
		return html`<li>
			<span class="title">${title}</span>
			<span class="figure">${metric(now)}</span>
			<span class="note">${meaning}${several ? '; mean over categories' : ''}</span>
			${previous && now !== null && html`<span class="change ${direction}">${text} since the earlier run</span>`}
		</li>`;
	}
}

function rateTile(title: string, meaning: string, rate: Rate | null): Html {
	if (rate === null) {
		return html`<li>
			<span class="title">${title}</span><span class="figure">–</span>
			<span class="note">not known: there is no threshold, or no such image</span>
		</li>`;
	}
	const [low, high] = rate.interval;
	return html`<li>
		<span class="title">${title}</span>
		<span class="figure">${percent(rate.share)}</span>
		<span class="note"
			>${rate.count} of ${rate.of} ${meaning}; 95&nbsp;% sure: ${percent(low)} to ${percent(high)}</span
		>
	</li>`;
}

function titleOf({ model }: EvaluationRun): Html {
	if (model.name === '') return html`Items of an unknown model`;
	return html`${model.name} <span class="version">version ${model.version}</span>`;
}

/** Where the images came from, as the head of a report says it. */
export function describeData({ dataset, source }: EvaluationRun): string {
	return source === 'dataset' ? `dataset “${dataset.root}”` : 'scored items of a workflow';
}
