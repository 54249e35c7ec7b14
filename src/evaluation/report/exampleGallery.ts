import type { EvaluationExample } from '../request';
import { html, type Html } from './html';
import { score } from './numbers';

const KINDS = [
	{
		kind: 'miss',
		title: 'Worst misses',
		meaning: 'Defective images that the model takes for good, least suspicious first.',
	},
	{
		kind: 'falseAlarm',
		title: 'Worst false alarms',
		meaning: 'Good images that the model takes for anomalies, most suspicious first.',
	},
] as const;

/** The images that the model judges most wrongly, each beside its heat map; nothing when there are none. */
export function exampleGallery(examples: readonly EvaluationExample[]): Html[] {
	return KINDS.flatMap(({ kind, title, meaning }) => {
		const own = examples.filter((example) => example.kind === kind);
		if (own.length === 0) return [];
		return html`<section>
			<h2>${title}</h2>
			<p>${meaning} Heat maps share one colour scale with the threshold in its middle.</p>
			<div class="examples">${own.map(figure)}</div>
		</section>`;
	});
}

function figure(example: EvaluationExample): Html {
	const { file, category, label, threshold } = example;
	return html`<figure>
		<div class="pair">
			<img src="${dataUrl(example.picture)}" alt="Image ${file}" />
			<img src="${dataUrl(example.heatmap)}" alt="Heat map of ${file}" />
		</div>
		<figcaption>
			<strong>${category}, ${label}</strong> scored ${score(example.score)}, threshold
			${score(threshold)}
			<span class="file">${file}</span>
		</figcaption>
	</figure>`;
}

function dataUrl(jpeg: Uint8Array): string {
	return `data:image/jpeg;base64,${Buffer.from(jpeg).toString('base64')}`;
}
