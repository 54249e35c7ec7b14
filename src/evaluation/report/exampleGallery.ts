import { SCALE_COLOURS, SCALE_STEPS } from '../../imaging/colourScale';
import type { EvaluationExample, ExampleKind } from '../request';
import { html, type Html } from './html';
import { plural, score } from './numbers';

interface Words {
	readonly kind: ExampleKind;
	readonly title: string;
	readonly meaning: string;
}

const WRONG: readonly Words[] = [
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
];
const RIGHT: readonly Words[] = [
	{
		kind: 'sureDefect',
		title: 'Surest finds',
		meaning: 'Defective images furthest above the threshold: does the heat map point at the defect?',
	},
	{
		kind: 'sureGood',
		title: 'Surest good ones',
		meaning: 'Good images furthest below the threshold: the heat map should be calm.',
	},
];
/** In a page a JPEG takes 4/3 of its bytes. */
const BASE64_GROWTH = 4 / 3;
/** Markup around the pictures of an example. */
const MARKUP_BYTES = 1200;

/**
 * The images that the model judges most wrongly, and most surely right, each with its heat map and its ground truth; nothing when there
 * are none. Takes as many as fit into `budget` bytes, in turns over their kinds.
 */
export function exampleGallery(examples: readonly EvaluationExample[], budget: number): Html | undefined {
	const shown = withinBudget(examples, budget);
	if (shown.size === 0) return undefined;
	const left = examples.length - shown.size;
	const part = (words: readonly Words[]): Html[] =>
		words.flatMap(({ kind, title, meaning }) => {
			const own = examples.filter((example) => example.kind === kind && shown.has(example));
			if (own.length === 0) return [];
			return html`<h3>${title}</h3>
				<p>${meaning}</p>
				<div class="examples">${own.map(figure)}</div>`;
		});
	const right = part(RIGHT);
	return html`<section id="images">
		<h2>Images to look at</h2>
		<p>
			From left to right: the image, its heat map, and the ground truth. All heat maps of the model
			share one colour scale with the threshold in its middle; a white line surrounds what is above it.
			${left > 0 && `${plural(left, 'image')} more would have made this report too large to send.`}
		</p>
		${colourScale()} ${part(WRONG)}
		${
			right.length > 0 &&
			html`<details open>
				<summary>Where it is right, and surest of it</summary>
				${right}
			</details>`
		}
	</section>`;
}

/** Takes the first of each kind, then the second, until the budget is used up. */
function withinBudget(examples: readonly EvaluationExample[], budget: number): Set<EvaluationExample> {
	const ranks = new Map<ExampleKind, number>();
	const ranked = examples.map((example) => {
		const rank = ranks.get(example.kind) ?? 0;
		ranks.set(example.kind, rank + 1);
		return { example, rank };
	});
	const shown = new Set<EvaluationExample>();
	let used = 0;
	for (const { example } of ranked.sort((a, b) => a.rank - b.rank)) {
		used += sizeOf(example);
		if (used > budget) break;
		shown.add(example);
	}
	return shown;
}

function sizeOf({ picture, heatmap, truth, file }: EvaluationExample): number {
	const pictures = picture.length + (heatmap?.length ?? 0) + (truth?.length ?? 0);
	// A file's name is written four times, and escaping may make each letter six long.
	return pictures * BASE64_GROWTH + MARKUP_BYTES + 24 * file.length;
}

/** What the colours of heat maps mean. */
function colourScale(): Html {
	const steps = 48;
	return html`<figure class="scale">
		<svg
			viewBox="0 0 384 40"
			role="img"
			aria-label="Colours of heat maps, from dark at a score of 0 to bright at twice the threshold"
		>
			${Array.from({ length: steps }, (_, step) => {
				const c = Math.round((step / (steps - 1)) * (SCALE_STEPS - 1)) * 3;
				const [red, green, blue] = SCALE_COLOURS.subarray(c, c + 3);
				return html`<rect
					x="${step * 8}"
					width="8.5"
					height="16"
					fill="rgb(${red},${green},${blue})"
				/>`;
			})}
			<text class="soft" x="0" y="33">0, as good as it gets</text>
			<text class="ink middle" x="192" y="33">threshold</text>
			<text class="soft end" x="384" y="33">twice the threshold</text>
		</svg>
	</figure>`;
}

function figure(example: EvaluationExample): Html {
	const { file, category, label, threshold } = example;
	return html`<figure>
		<div class="triplet">
			<div><img src="${dataUrl(example.picture)}" alt="Image ${file}" /><span>Image</span></div>
			<div>${heatmap(example)}<span>Heat map</span></div>
			<div>${truth(example)}<span>Ground truth</span></div>
		</div>
		<figcaption>
			<strong>${category}, ${label}</strong> scored ${score(example.score)}, threshold
			${score(threshold)}
			<span class="file">${file}</span>
		</figcaption>
	</figure>`;
}

function heatmap({ heatmap: picture, file }: EvaluationExample): Html {
	if (picture !== null) return html`<img src="${dataUrl(picture)}" alt="Heat map of ${file}" />`;
	return html`<p class="empty">None came with the item</p>`;
}

function truth({ truth: picture, anomalous, file, label }: EvaluationExample): Html {
	if (picture !== null) return html`<img src="${dataUrl(picture)}" alt="${label} of ${file}, outlined" />`;
	return html`<p class="empty">
		${anomalous ? 'Defective, but without a mask' : 'Good: nothing to find'}
	</p>`;
}

function dataUrl(jpeg: Uint8Array): string {
	return `data:image/jpeg;base64,${Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength).toString('base64')}`;
}
