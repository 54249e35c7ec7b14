import fc from 'fast-check';
import { pixelCurves, precisionRecallCurve, rocCurve } from '../../../src/evaluation/metrics/curves';
import { PixelAccumulator } from '../../../src/evaluation/metrics/pixelAccumulator';
import { CurveBuilder, type Curve } from '../../../src/evaluation/metrics/polyline';
import { rankingMetrics, sortByLabel } from '../../../src/evaluation/metrics/ranking';
import { createRandom } from '../../../src/random';
import { floodFill } from './bruteForce';

/** Of points and areas: what the curves leave out, twice the 1/1000 of the plot's side. */
const TOLERANCE = 2.1e-3;

/** Scores on few levels, so that ties abound, with labels of both kinds. */
const tiedSamples = fc
	.array(fc.record({ level: fc.integer({ min: -4, max: 4 }), label: fc.integer({ min: 0, max: 1 }) }), {
		maxLength: 60,
	})
	.map((list) => [...list, { level: 0, label: 1 }, { level: 1, label: 0 }])
	.map((list) => ({
		scores: Float32Array.from(list, ({ level }) => level / 3),
		labels: Uint8Array.from(list, ({ label }) => label),
	}));

test('a small ranking has the corners one works out by hand', () => {
	// Descending: anomalous; normal; anomalous and normal tied; normal.
	const sorted = sortByLabel(Float32Array.of(0.9, 0.8, 0.5, 0.5, 0.1), Uint8Array.of(1, 0, 1, 0, 0));
	expect(rocCurve(sorted)).toEqual({ x: [0, 0, 0.33333, 0.66667, 1], y: [0, 0.5, 0.5, 1, 1] });
	expect(precisionRecallCurve(sorted)).toEqual({ x: [0, 0.5, 0.5, 1], y: [1, 1, 0.5, 0.5] });
});

test('curves agree with roc_curve and precision_recall_curve of scikit-learn', () => {
	// Values of scikit-learn 1.9.1: y = [0,0,1,1,0,1,0,1], s = [.1,.4,.35,.8,.2,.7,.4,.4]; drop_intermediate=False, without the point at infinity.
	const sorted = sortByLabel(
		Float32Array.of(0.1, 0.4, 0.35, 0.8, 0.2, 0.7, 0.4, 0.4),
		Uint8Array.of(0, 0, 1, 1, 0, 1, 0, 1),
	);
	const roc = rocCurve(sorted);
	for (const [fpr, tpr] of [
		[0, 0],
		[0, 0.25],
		[0, 0.5],
		[0.5, 0.75],
		[0.5, 1],
		[0.75, 1],
		[1, 1],
	] as const)
		expect(distance(roc, fpr, tpr)).toBeLessThan(TOLERANCE);
	const { x, y } = precisionRecallCurve(sorted);
	expect(x).toEqual([0, 0.5, 0.5, 0.75, 0.75, 1]);
	expect(y).toEqual([1, 1, 0.6, 0.6, 0.66667, 0.66667]);
});

test('every threshold is on the curve, and the areas are the metrics', () => {
	fc.assert(
		fc.property(tiedSamples, ({ scores, labels }) => {
			const sorted = sortByLabel(scores, labels);
			const roc = rocCurve(sorted);
			const precisionRecall = precisionRecallCurve(sorted);
			for (const threshold of new Set(scores)) {
				const { fpr, recall, precision, gains } = confusion(scores, labels, threshold);
				expect(distance(roc, fpr, recall)).toBeLessThan(TOLERANCE);
				if (gains) expect(distance(precisionRecall, recall, precision)).toBeLessThan(TOLERANCE);
			}
			const { auroc, ap } = rankingMetrics(scores, labels);
			expect(Math.abs(area(roc) - auroc.value!)).toBeLessThan(TOLERANCE);
			expect(Math.abs(area(precisionRecall) - ap.value!)).toBeLessThan(TOLERANCE);
		}),
	);
});

test('the curves of pixels go through brute-force points, in few points whatever the number of pixels', () => {
	const random = createRandom(5);
	const width = 64;
	const accumulator = new PixelAccumulator();
	const maps = Array.from({ length: 6 }, (_, image) => {
		const mask = new Uint8Array(width * width);
		for (let region = 0; region < image; region++)
			mask.fill(1, 64 * 9 * region + 5, 64 * 9 * region + 5 + 3 * (region + 1));
		const map = Float32Array.from(mask, (inside) => Math.fround(random.next() + 0.4 * inside));
		accumulator.add(map, image === 0 ? null : mask, width, width);
		return { map, mask };
	});
	const { curves, overall } = accumulator.results();
	const { auroc, ap, aupro } = overall;
	const { roc, precisionRecall, pro } = curves!;
	for (const curve of [roc, precisionRecall, pro]) expect(curve.x.length).toBeLessThan(400);
	expect(Math.abs(area(roc) - auroc.value!)).toBeLessThan(TOLERANCE);
	expect(Math.abs(area(precisionRecall) - ap.value!)).toBeLessThan(TOLERANCE);
	expect(Math.abs(area(pro) / 0.3 - aupro.value!)).toBeLessThan(TOLERANCE);
	expect(pro.x.at(-1)).toBe(0.3);

	const scores = maps.flatMap(({ map }) => [...map]);
	const labels = maps.flatMap(({ mask }) => [...mask]);
	const regions = maps.flatMap(({ map, mask }) =>
		floodFill(mask, width).map((pixels) => pixels.map((i) => map[i])),
	);
	for (const threshold of [0.15, 0.5, 0.75, 0.9, 0.99, 1.1, 1.3]) {
		const { fpr, recall, precision } = confusion(scores, labels, threshold);
		expect(distance(roc, fpr, recall)).toBeLessThan(TOLERANCE);
		expect(distance(precisionRecall, recall, precision)).toBeLessThan(0.01);
		if (fpr > 0.3) continue;
		const shares = regions.map((own) => own.filter((score) => score >= threshold).length / own.length);
		const overlap = shares.reduce((sum, share) => sum + share, 0) / shares.length;
		expect(distance(pro, fpr, overlap)).toBeLessThan(TOLERANCE);
	}
});

test('the PRO curve is cut at its limit by interpolation, and a constant map is a straight line', () => {
	const pixels = {
		normal: [new Uint32Array(4).fill(7), new Uint32Array(6).fill(7)],
		anomalous: new Uint32Array(4).fill(7),
		regions: Int32Array.of(0, 0, 1, 1),
		areas: [2, 2],
	};
	const curves = pixelCurves(pixels, 0.3)!;
	expect(curves.roc).toEqual({ x: [0, 1], y: [0, 1] });
	expect(curves.pro).toEqual({ x: [0, 0.3], y: [0, 0.3] });
});

test('without a pixel of each kind there is no curve', () => {
	const none = new Uint32Array(0);
	const some = Uint32Array.of(1);
	expect(
		pixelCurves({ normal: [none], anomalous: some, regions: Int32Array.of(0), areas: [1] }),
	).toBeNull();
	expect(
		pixelCurves({ normal: [some], anomalous: none, regions: new Int32Array(0), areas: [] }),
	).toBeNull();
});

test('a smooth curve of a million points becomes a few dozen within the tolerance', () => {
	const builder = new CurveBuilder();
	const height = (x: number): number => Math.sqrt(1 - (1 - x) ** 2);
	for (let i = 0; i <= 1_000_000; i++) builder.add(i / 1e6, height(i / 1e6));
	const curve = builder.result();
	expect(curve.x.length).toBeLessThan(60);
	for (let i = 0; i <= 1000; i++)
		expect(distance(curve, i / 1000, height(i / 1000))).toBeLessThan(TOLERANCE);
});

function confusion(
	scores: ArrayLike<number>,
	labels: ArrayLike<number>,
	threshold: number,
): { fpr: number; recall: number; precision: number; gains: boolean } {
	const flagged = Array.from(scores, (score) => score >= threshold);
	const count = (wanted: (i: number) => boolean): number => flagged.filter((_, i) => wanted(i)).length;
	const found = count((i) => flagged[i] && labels[i] === 1);
	const alarms = count((i) => flagged[i] && labels[i] === 0);
	return {
		fpr: alarms / count((i) => labels[i] === 0),
		recall: found / count((i) => labels[i] === 1),
		precision: found / (found + alarms),
		gains: count((i) => labels[i] === 1 && scores[i] === threshold) > 0,
	};
}

/** Of a point to the curve's line. */
function distance({ x, y }: Curve, px: number, py: number): number {
	let nearest = Infinity;
	for (let i = 1; i < x.length; i++) {
		const [dx, dy] = [x[i] - x[i - 1], y[i] - y[i - 1]];
		const length = dx * dx + dy * dy;
		const t = length === 0 ? 0 : ((px - x[i - 1]) * dx + (py - y[i - 1]) * dy) / length;
		const along = Math.min(1, Math.max(0, t));
		nearest = Math.min(nearest, Math.hypot(px - x[i - 1] - along * dx, py - y[i - 1] - along * dy));
	}
	return nearest;
}

function area({ x, y }: Curve): number {
	let sum = 0;
	for (let i = 1; i < x.length; i++) sum += ((x[i] - x[i - 1]) * (y[i] + y[i - 1])) / 2;
	return sum;
}
