import type { EvaluationRun } from '../../store/evaluationRun';
import { defectTypes } from '../defectTypes';
import { html, type Html } from './html';
import { metric, share } from './numbers';

/** How many images of each kind of defect were found; nothing where there are no defects. */
export function defectTable(run: EvaluationRun): Html | undefined {
	const rows = defectTypes(run);
	if (rows.length === 0) return undefined;
	return html`<section>
		<h2>Per kind of defect</h2>
		<div class="scroll" tabindex="0" role="region" aria-label="Figures per kind of defect">
			<table>
				<thead>
					<tr>
						<th scope="col">Category</th>
						<th scope="col">Defect</th>
						<th scope="col" class="number">Images</th>
						<th scope="col" class="number">Found at the threshold</th>
						<th scope="col" class="number">I-AUROC against good</th>
					</tr>
				</thead>
				<tbody>
					${rows.map(
						({ category, label, images, found, imageAuroc }) =>
							html`<tr>
								<th scope="row">${category}</th>
								<td>${label}</td>
								<td class="number">${images}</td>
								<td class="number">${share(found, images)}</td>
								<td class="number">${metric(imageAuroc)}</td>
							</tr>`,
					)}
				</tbody>
			</table>
		</div>
	</section>`;
}
