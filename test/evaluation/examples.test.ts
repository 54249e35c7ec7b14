import { chooseExamples } from '../../src/evaluation/exampleChoice';
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
	const chosen = chooseExamples(images, [category('a', 1), category('b', 10)], 2);
	expect(chosen.map(({ kind, file }) => [kind, file])).toEqual([
		['miss', 'a 0.1'],
		['miss', 'b 8'],
		['falseAlarm', 'a 3'],
		['falseAlarm', 'b 30'],
		['sureGood', 'a 0.5'],
	]);
	expect(chooseExamples(images, [category('a', 1), category('b', 10)], 3)[2].file).toBe('a 0.2');
});

test('without a threshold nothing is wrong', () => {
	expect(chooseExamples([image('a', 1, true)], [category('a', null)], 5)).toEqual([]);
});

test('the surest finds and the surest good ones follow, half as many', () => {
	const images = [5, 9, 7, 3].map((score) => image('a', score, true));
	images.push(...[0.3, 0.1, 0.2].map((score) => image('a', score, false)));
	const chosen = chooseExamples(images, [category('a', 1)], 4);
	expect(chosen.map(({ kind, file }) => [kind, file])).toEqual([
		['sureDefect', 'a 9'],
		['sureDefect', 'a 7'],
		['sureGood', 'a 0.1'],
		['sureGood', 'a 0.2'],
	]);
});
