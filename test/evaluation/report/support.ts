import type { ReportData } from '../../../src/evaluation/report/data';
import { renderPage } from '../../../src/evaluation/report/page';
import { loadD3 } from '../../../src/evaluation/report/plots/d3';
import type { Tools } from '../../../src/evaluation/report/plots/frame';
import { letterPen } from '../../../src/evaluation/report/plots/pen';
import { createRandom } from '../../../src/random';
import type { CategoryOfRun, EvaluationRun, ImageOfRun } from '../../../src/store/evaluationRun';
import { sampleRun } from '../../store/sampleRun';

export async function tools(): Promise<Tools> {
	return { d3: await loadD3(), pen: letterPen };
}

export async function page(data: Partial<ReportData> = {}): Promise<string> {
	return renderPage({ run: sampleRun(), examples: [], ...data }, await tools());
}

/** A run of many categories with plausible scores. */
export function largeRun(categories: number, imagesOfEach: number): EvaluationRun {
	const random = createRandom(11);
	const images: ImageOfRun[] = [];
	const rows: CategoryOfRun[] = [];
	const curve = { x: [0, 0.05, 0.1, 0.3], y: [0, 0.6, 0.8, 0.95] };
	for (let c = 0; c < categories; c++) {
		const category = `product ${c}`;
		const own = Array.from({ length: imagesOfEach }, (_, i): ImageOfRun => {
			const anomalous = i % 2 === 1;
			const score = random.next() + (anomalous ? 0.5 : 0);
			const label = anomalous ? `defect ${i % 5}` : 'good';
			return { file: `${category}/test/${label}/${i}.png`, category, label, anomalous, score };
		});
		images.push(...own);
		const good = own.filter(({ anomalous }) => !anomalous);
		const bad = own.filter(({ anomalous }) => anomalous);
		rows.push({
			category,
			good: good.length,
			anomalous: bad.length,
			withMask: bad.length,
			metrics: {
				imageAuroc: 0.8 + c / 1000,
				imageAp: 0.8,
				imageF1Max: 0.8,
				pixelAuroc: 0.9,
				aupro: 0.7,
			},
			intervals: { imageAuroc: [0.7, 0.9] },
			pixelCurves: { roc: curve, precisionRecall: curve, pro: curve },
			reasons: {},
			threshold: 0.95,
			falseAlarms: good.filter(({ score }) => score > 0.95).length,
			misses: bad.filter(({ score }) => score <= 0.95).length,
		});
	}
	return sampleRun({ categories: rows, images, mean: { imageAuroc: 0.85 } });
}
