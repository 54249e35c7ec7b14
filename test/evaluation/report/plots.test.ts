import { curvePlot } from '../../../src/evaluation/report/plots/curvePlot';
import { inlineSvg, type Plot } from '../../../src/evaluation/report/plots/frame';
import { binScores } from '../../../src/evaluation/report/plots/histogramPlot';
import { intervalPlot } from '../../../src/evaluation/report/plots/intervalPlot';
import { dotPen, letterPen } from '../../../src/evaluation/report/plots/pen';
import { pictureOf } from '../../../src/evaluation/report/plots/picture';
import { runPlots } from '../../../src/evaluation/report/plots/runPlots';
import { sampleRun } from '../../store/sampleRun';
import { largeRun, tools } from './support';

/** Of a coordinate: paths are written with one decimal. */
const PIXEL_TOLERANCE = 0.06;

async function draw(plot: Plot): Promise<string> {
	return inlineSvg(plot, await tools()).text;
}

/** Points of a path of straight lines, as shares of the plot's box: [0, 0] is its lower left corner. */
function pathPoints(svg: string, style: string): [number, number][] {
	const [, d] = new RegExp(`class="curve ${style}" d="(M[^h"]*)"`).exec(svg)!;
	const [left, right, top, bottom] = [58, 262, 10, 220];
	return [...d.matchAll(/[ML]([\d.]+),([\d.]+)/g)].map(([, x, y]) => [
		(Number(x) - left) / (right - left),
		(bottom - Number(y)) / (bottom - top),
	]);
}

test('the ROC of a category goes through the points one counts by hand, and has the threshold on it', async () => {
	// Scores 0.1 and 0.3 good, 0.4 cut; threshold 0.25: one false alarm of two, no miss.
	const { overview, categories } = runPlots(sampleRun());
	expect(overview).toEqual([]);
	const roc = categories[0].plots.find(({ name }) => name === 'roc-bolt')!;
	const svg = await draw(roc);
	const expected = [
		[0, 0],
		[0, 1],
		[1, 1],
	];
	const found = pathPoints(svg, 'first');
	expect(found).toHaveLength(expected.length);
	for (const [i, [x, y]] of expected.entries()) {
		expect(Math.abs(found[i][0] - x)).toBeLessThan(PIXEL_TOLERANCE / 204);
		expect(Math.abs(found[i][1] - y)).toBeLessThan(PIXEL_TOLERANCE / 210);
	}
	expect(svg).toContain('<circle class="point" cx="160" cy="10" r="4.5" />');
	expect(roc.description).toContain('At the threshold');
});

test('a curve is drawn where its points are', async () => {
	const curve = { x: [0, 0.1, 0.3], y: [0.25, 0.5, 1] };
	const svg = await draw(
		curvePlot('pro', {
			of: { name: 'a', title: 'a' },
			facts: '',
			lines: [{ title: 'regions', style: 'first', curve }],
		}),
	);
	// The axis ends at the curve's end, 0.3.
	for (const [i, [x, y]] of pathPoints(svg, 'first').entries()) {
		expect(Math.abs(x - curve.x[i] / 0.3)).toBeLessThan(PIXEL_TOLERANCE / 204);
		expect(Math.abs(y - curve.y[i])).toBeLessThan(PIXEL_TOLERANCE / 210);
	}
	expect(svg).toContain('30\u00a0%</text>');
});

test('the weakest category comes first, three stand out, all others are counted', async () => {
	const { overview, categories } = runPlots(largeRun(6, 20), { previous: largeRun(6, 10), floor: 0.9 });
	expect(categories.map(({ row }) => row.category)[0]).toBe('product 0');
	expect(overview.map(({ name }) => name)).toEqual(['auroc', 'roc-all', 'pr-all', 'pro-all']);
	const svg = await draw(overview[1]);
	expect(svg).toContain('>product 2</text>');
	expect(svg).not.toContain('>product 3</text>');
	expect(svg).toContain('>3 others</text>');
	expect(svg.match(/class="curve other" d="M[^h"]*"/g)).toHaveLength(3);
	const own = categories[0].plots.find(({ name }) => name === 'roc-product-0')!;
	expect(await draw(own)).toContain('class="curve before"');
});

test('plots of categories have names that are safe in files and differ', () => {
	const names = ['../../etc', 'Ä b', 'all', 'a/b', 'a b', '<x>', 'x'];
	const [row] = sampleRun().categories;
	const run = sampleRun({
		categories: names.map((category) => ({ ...row, category })),
		images: names.flatMap((category) => sampleRun().images.map((image) => ({ ...image, category }))),
	});
	const { overview, categories } = runPlots(run);
	const all = [...overview, ...categories.flatMap(({ plots }) => plots)].map(({ name }) => name);
	expect(new Set(all).size).toBe(all.length);
	for (const name of all) expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
});

test('intervals and values are on one scale, the floor of a gate is a line, and it is all said in words', async () => {
	const plot = intervalPlot(
		[
			{ title: 'a', value: 0.8, interval: [0.7, 0.9], before: 0.75 },
			{ title: 'b', value: 0.95, interval: null },
		],
		{ name: 'auroc', title: 'Image AUROC', axis: 'Image AUROC', floor: 0.9 },
	);
	expect(plot.description).toBe(
		'Image AUROC. a 0.800, 0.700 to 0.900 with 95 % confidence, 0.750 before; b 0.950.',
	);
	const svg = await draw(plot);
	const x = (share: number): number => 132 + ((share - 0.66) / 0.34) * (312 - 132);
	const [, from, to] = /class="whisker"\s+d="M([\d.]+) [^H]*H([\d.]+)/.exec(svg)!;
	expect(Number(from)).toBeCloseTo(x(0.7), 1);
	expect(Number(to)).toBeCloseTo(x(0.9), 1);
	const [, floor] = /class="threshold"\s+d="M([\d.]+) /.exec(svg)!;
	expect(Number(floor)).toBeCloseTo(x(0.9), 1);
});

test('each score is in one bin, the threshold within their range, also when all scores are equal', () => {
	for (const scores of [[0.1, 0.2, 0.9], [5, 5], [0], [-3, 1e6]]) {
		const bins = binScores(
			scores.map((score, i) => ({ score, anomalous: i % 2 === 1 })),
			0.5,
		);
		const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
		expect(sum(bins.good) + sum(bins.anomalous)).toBe(scores.length);
		expect(bins.low).toBeLessThan(0.5);
		expect(bins.low + bins.width * bins.good.length).toBeGreaterThan(0.5);
	}
});

test('a picture of its own has its title and style in it; without a typeface its letters are dots', async () => {
	const [plot] = runPlots(sampleRun()).categories[0].plots;
	const { d3 } = await tools();
	const withLetters = pictureOf(plot, { d3, pen: letterPen });
	expect(withLetters).toContain('xmlns="http://www.w3.org/2000/svg"');
	expect(withLetters).toContain('Scores: bolt</text>');
	expect(withLetters).not.toContain('var(');
	const withDots = pictureOf(plot, { d3, pen: dotPen });
	expect(withDots).not.toContain('<text');
	expect(withDots.match(/class="dots title"/g)).toHaveLength(1);
});
