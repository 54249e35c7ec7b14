import { defectTypes } from '../../src/evaluation/defectTypes';
import { sampleRun } from '../store/sampleRun';

const image = (label: string, score: number) => ({
	file: `bolt/${label}/${score}.png`,
	category: 'bolt',
	label,
	anomalous: label !== 'good',
	score,
});
const images = [
	...[0.1, 0.2, 0.3].map((score) => image('good', score)),
	...[0.15, 0.3].map((score) => image('scratch', score)),
	...[0.4, 0.5].map((score) => image('hole', score)),
];

test('each kind of defect has its share found and its AUROC against the good images, the worst first', () => {
	expect(defectTypes(sampleRun({ images }))).toMatchObject([
		// 0.15 wins against one of three; 0.3 against two and a half.
		{ category: 'bolt', label: 'scratch', images: 2, found: 1, imageAuroc: 3.5 / 6 },
		{ category: 'bolt', label: 'hole', images: 2, found: 2, imageAuroc: 1 },
	]);
});

test('without threshold nothing is found or missed, and without good images there is no AUROC', () => {
	const categories = sampleRun().categories.map((row) => ({ ...row, threshold: null }));
	const run = sampleRun({ categories, images: images.filter(({ anomalous }) => anomalous) });
	expect(defectTypes(run)).toMatchObject([
		{ found: null, imageAuroc: null },
		{ found: null, imageAuroc: null },
	]);
});
