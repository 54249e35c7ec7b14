import { worstImages } from '../../src/evaluation/examples';
import type { CategoryEvaluation, EvaluatedImage } from '../../src/evaluation/request';

function image(category: string, score: number, anomalous: boolean): EvaluatedImage {
	return { file: `${category} ${score}`, category, label: anomalous ? 'cut' : 'good', anomalous, score };
}

function category(name: string, threshold: number | null): CategoryEvaluation {
	return { category: name, threshold } as CategoryEvaluation;
}

test('misses come before false alarms, each worst first, and categories take turns', () => {
	const images = [
		image('a', 0.1, true),
		image('a', 0.2, true),
		image('a', 0.9, true),
		image('a', 3, false),
		image('a', 0.5, false),
		image('b', 8, true),
		image('b', 30, false),
	];
	const worst = worstImages(images, [category('a', 1), category('b', 10)], 2);
	expect(worst.map(({ kind, file }) => [kind, file])).toEqual([
		['miss', 'a 0.1'],
		['miss', 'b 8'],
		['falseAlarm', 'a 3'],
		['falseAlarm', 'b 30'],
	]);
	expect(worstImages(images, [category('a', 1), category('b', 10)], 3)[2].file).toBe('a 0.2');
});

test('without a threshold nothing is wrong', () => {
	expect(worstImages([image('a', 1, true)], [category('a', null)], 5)).toEqual([]);
});
