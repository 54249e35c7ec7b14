import type { EvaluationRun } from '../../store/evaluationRun';
import { DEFAULT_MAX_FPR } from '../metrics/aupro';
import { describePreprocessing } from '../preprocessing';
import { html, type Html } from './html';
import { duration, moment, percent } from './numbers';

const MASK_RULES: Readonly<Record<EvaluationRun['maskRule'], string>> = {
	nonzero: 'every pixel above 0 after resizing is anomalous (the reference)',
	half: 'pixels above one half after resizing are anomalous',
};

/** Everything that made the numbers, so that they can be made again. */
export function provenance(run: EvaluationRun): Html {
	const facts: readonly (readonly [string, string])[] = [
		['Run', run.id],
		['Evaluated', `${moment(run.created)}, in ${duration(run.seconds)}`],
		...(run.model.name === '' ? [] : modelFacts(run)),
		['Dataset', run.source === 'dataset' ? run.dataset.root : 'items of a workflow'],
		['Dataset fingerprint', run.dataset.fingerprint ?? 'unknown: not all images could be read'],
		['Masks', MASK_RULES[run.maskRule]],
		...settingFacts(run),
		['Device', run.device],
		...Object.entries(run.versions).map(
			([name, version = '']) => [name === 'package' ? 'n8n-nodes-dinomaly' : name, version] as const,
		),
	];
	return html`<section id="making">
		<h2>What made these numbers</h2>
		<dl>
			${facts.map(
				([name, value]) =>
					html`<div>
						<dt>${name}</dt>
						<dd>${value}</dd>
					</div>`,
			)}
		</dl>
	</section>`;
}

/** How the figures were asked for; runs of the first versions do not say. */
function settingFacts({ settings, categories }: EvaluationRun): [string, string][] {
	if (settings === undefined) return [];
	const counted = new Set(categories.flatMap(({ pixelMode }) => pixelMode ?? []));
	const pixels = [
		...(counted.has('exact') ? ['exact'] : []),
		...(counted.has('histogram') ? [`counted in fine bins${boundInWords(categories)}`] : []),
	];
	const inspected = categories.flatMap(({ category, inspectedShare }) =>
		inspectedShare === undefined ? [] : [`${percent(inspectedShare)} of ${category}`],
	);
	return [
		...(inspected.length === 0 ? [] : ([['Inspected', inspected.join(', ')]] as [string, string][])),
		['AUPRO', `up to ${percent(settings.maxFpr)} of good pixels flagged`],
		...(pixels.length === 0 ? [] : ([['Pixel metrics', pixels.join('; ')]] as [string, string][])),
		...(settings.falseAlarmRate === null
			? []
			: ([['Threshold', `set for ${percent(settings.falseAlarmRate)} false alarms`]] as [
					string,
					string,
				][])),
		...(settings.threads === 0 ? [] : ([['Threads', String(settings.threads)]] as [string, string][])),
	];
}

function boundInWords(categories: EvaluationRun['categories']): string {
	const bounds = categories.flatMap(({ errorBounds }) => Object.values(errorBounds ?? {}));
	return bounds.length === 0 ? '' : `, off by at most ${Math.max(...bounds).toPrecision(2)}`;
}

function modelFacts({ model, encoder, preprocessing }: EvaluationRun): [string, string][] {
	return [
		['Model', `${model.name} version ${model.version}`],
		['Model hash', model.sha256],
		['Encoder', encoder.name],
		['Encoder hash', encoder.sha256],
		['Preprocessing', describePreprocessing(preprocessing)],
	];
}

/** One plain sentence for each figure. */
export function glossary({ settings }: EvaluationRun): Html {
	const limit = percent(settings?.maxFpr ?? DEFAULT_MAX_FPR);
	const words: readonly (readonly [string, string])[] = [
		['Miss (escape)', 'a defective image that is not above the threshold, and so passes as good'],
		['False alarm (overkill)', 'a good image above the threshold, which is stopped'],
		[
			'95 % confidence',
			'where the true figure lies as far as these test images tell: such ranges hold it 19 times out of 20, for parts like these',
		],
		['I-AUROC', 'chance that a defective image scores above a good one: 1 is perfect, 0.5 is guessing'],
		[
			'I-AP',
			'precision averaged over all defective images, best first; depends on how many are defective',
		],
		['I-F1-max', 'best balance of precision and recall that any threshold reaches'],
		['P-AUROC, P-AP, P-F1-max', 'the same, pixel by pixel against the ground-truth masks'],
		[
			'AUPRO',
			`share of each defect region that is found while at most ${limit} of good pixels are flagged`,
		],
		[
			'AUPRO (official rule)',
			'the same by the 200-step rule of the paper’s code, to compare with published figures',
		],
		[
			'AUPIMO',
			'share of the defect that is found in each defective image while next to no good pixel is flagged: 1 to 10 in 100,000',
		],
		['ROC', 'defects found against good ones flagged, for every threshold; the area below is the AUROC'],
		[
			'Precision-recall',
			'share of flags that are right against defects found, for every threshold; the area below is the AP',
		],
		[
			'PRO',
			'share of each defect region covered against good pixels flagged; the area below is the AUPRO',
		],
		[
			'Threshold',
			'score above which an image is called an anomaly, set on held-out good images of training',
		],
	];
	return html`<section class="glossary" id="words">
		<h2>What the words mean</h2>
		<dl>
			${words.map(
				([name, meaning]) =>
					html`<div>
						<dt>${name}</dt>
						<dd>${meaning}</dd>
					</div>`,
			)}
		</dl>
	</section>`;
}
