import type { EvaluatedImage } from './request';

/**
 * How many test images are unlike anything seen in training, good and defective apart: their scores count like any others, but a line
 * would not be told them as a verdict. Nothing when there are none.
 */
export function noticeOfUnknown(images: readonly EvaluatedImage[]): string[] {
	const unknown = images.filter(({ outOfDistribution }) => outOfDistribution === true);
	if (unknown.length === 0) return [];
	const categories = [...new Set(unknown.map(({ category }) => category))];
	const parts = categories.map((category) => {
		const count = (list: readonly EvaluatedImage[], anomalous: boolean): number =>
			list.filter((image) => image.category === category && image.anomalous === anomalous).length;
		const shares = [
			{ word: 'good', anomalous: false },
			{ word: 'defective', anomalous: true },
		].flatMap(({ word, anomalous }) => {
			const found = count(unknown, anomalous);
			return found === 0 ? [] : [`${found} of ${count(images, anomalous)} ${word}`];
		});
		return `${category} ${shares.join(' and ')}`;
	});
	return [
		`Unlike anything seen in training: ${unknown.length} of ${images.length} test images (${parts.join('; ')}); their scores count here, but Score Image calls them unknown, and Threshold Router sends them to Review unless told otherwise`,
	];
}
