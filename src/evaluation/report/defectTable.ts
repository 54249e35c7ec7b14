import type { DefectType } from '../defectTypes';
import { wilsonInterval } from '../metrics/wilson';
import { html, type Html } from './html';
import { metric, percent, share } from './numbers';

/** How many images of each kind of defect were found; nothing where there are no defects. */
export function defectTable(rows: readonly DefectType[]): Html | undefined {
	if (rows.length === 0) return undefined;
	return html`<section id="defects">
		<h2>Which defects are found</h2>
		<p>
			Each kind of defect: the share that scores above the threshold (recall), and where that share lies
			with 95 % confidence. Within a category the hardest to tell from good comes first.
		</p>
		<div class="scroll" tabindex="0" role="region" aria-label="Figures per kind of defect">
			<table>
				<thead>
					<tr>
						<th scope="col">Category</th>
						<th scope="col">Defect</th>
						<th scope="col" class="number">Found</th>
						<th scope="col" class="number">95 % sure</th>
						<th scope="col" class="wide"><span class="unseen">Found, as a bar</span></th>
						<th scope="col" class="number">I-AUROC against good</th>
					</tr>
				</thead>
				<tbody>
					${rows.map(
						(row) =>
							html`<tr>
								<th scope="row">${row.category}</th>
								<td>${row.label}</td>
								<td class="number">${share(row.found, row.images)}</td>
								<td class="number">${sure(row)}</td>
								<td class="wide">${bar(row)}</td>
								<td class="number">${metric(row.imageAuroc)}</td>
							</tr>`,
					)}
				</tbody>
			</table>
		</div>
	</section>`;
}

function sure({ found, images }: DefectType): string {
	if (found === null || images === 0) return '–';
	const [low, high] = wilsonInterval(found, images);
	return `${percent(low)} to ${percent(high)}`;
}

/** The share found as a bar; the figure beside it says the same. */
function bar({ found, images }: DefectType): Html | undefined {
	if (found === null || images === 0) return undefined;
	const width = ((100 * found) / images).toFixed(1);
	return html`<svg class="share" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
		<rect class="track" width="100" height="8" />
		<rect class="bar good" width="${width}" height="8" />
	</svg>`;
}
