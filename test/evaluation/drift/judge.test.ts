import { judgeDrift } from '../../../src/evaluation/drift/judge';
import { driftReference, type DriftReference } from '../../../src/evaluation/drift/reference';
import type { ImageStatistics } from '../../../src/imaging/statistics';
import { createRandom } from '../../../src/random';
import type { CalibrationFile } from '../../../src/store/calibration';
import type { OpenedModel } from '../../../src/store/modelStore';

const normals = (seed: number, count: number, centre = 0, spread = 1): number[] => {
	const random = createRandom(seed);
	return Array.from({ length: count }, () => centre + spread * random.normal());
};
const ascending = (values: number[]): number[] => values.sort((a, b) => a - b);

const reference: DriftReference = {
	category: 'bolt',
	categories: 2,
	scores: ascending(normals(1, 60, 0.1, 0.01)),
	threshold: 0.13,
	thresholdBasis: 'at most 1 % false alarms',
	images: {
		brightness: ascending(normals(2, 60, 0.5, 0.02)),
		contrast: ascending(normals(3, 60, 0.2, 0.02)),
		sharpness: ascending(normals(4, 60, 0.01, 0.001)),
		sizes: [{ width: 640, height: 480 }],
	},
};

/** Images as at calibration, but for what is told otherwise. */
function recentImages(seed: number, count: number, darker = 0, blurred = 1): ImageStatistics[] {
	const [brightness, contrast, sharpness] = [
		normals(seed, count, 0.5 - darker, 0.02),
		normals(seed + 1, count, 0.2, 0.02),
		normals(seed + 2, count, 0.01 * blurred, 0.001),
	];
	return brightness.map((value, i) => ({
		brightness: value,
		contrast: contrast[i],
		sharpness: sharpness[i],
		width: 640,
		height: 480,
	}));
}

const scores = (seed: number, count: number, lift = 0): number[] => normals(seed, count, 0.1 + lift, 0.01);

test('images as at calibration are stable, in hardly more than one of a hundred samples not', () => {
	const verdicts = Array.from(
		{ length: 300 },
		(_, i) =>
			judgeDrift(
				{ scores: scores(1000 + 7 * i, 80), statistics: recentImages(5000 + 7 * i, 80) },
				reference,
			).verdict,
	);
	expect(verdicts.filter((verdict) => verdict === 'drift').length).toBeLessThan(6);
	expect(verdicts.filter((verdict) => verdict === 'stable').length).toBeGreaterThan(270);
});

test('higher scores are drift, and the sentence says how much', () => {
	const { verdict, reason, checks, alarms } = judgeDrift(
		{ scores: scores(5, 100, 0.02), statistics: recentImages(6, 100) },
		reference,
	);
	expect(verdict).toBe('drift');
	expect(reason).toMatch(
		/^Drift: scores are higher than at calibration \(median 0\.1\d+, was 0\.0?\d+; p < 0\.001, PSI \d+\.\d+\); found 100 recent images and 60 at calibration$/,
	);
	expect(checks.map(({ measure, change }) => [measure, change])).toEqual([
		['score', 'clear'],
		['brightness', 'none'],
		['contrast', 'none'],
		['sharpness', 'none'],
	]);
	expect(alarms).toMatchObject({
		thresholdBasis: 'at most 1 % false alarms',
		count: expect.any(Number),
	});
});

test('darkness, a lens out of focus and another camera are told apart', () => {
	const told = (statistics: ImageStatistics[]): string =>
		judgeDrift({ scores: scores(7, 60), statistics }, reference).reason;
	expect(told(recentImages(8, 60, 0.1))).toMatch(/^Drift: images are darker than at calibration \(/);
	expect(told(recentImages(8, 60, 0, 0.5))).toMatch(
		/^Drift: images are more blurred than at calibration \(/,
	);
	const otherCamera = recentImages(8, 60).map((one) => ({ ...one, width: 320, height: 240 }));
	expect(told(otherCamera)).toBe(
		'Drift: 60 of 60 images have a size that no calibration image had (320x240); found 60 recent images and 60 at calibration',
	);
	const stray = recentImages(8, 60).map((one, i) => (i === 0 ? { ...one, width: 1 } : one));
	expect(judgeDrift({ scores: scores(7, 60), statistics: stray }, reference)).toMatchObject({
		verdict: 'watch',
		size: { unseen: 1, change: 'slight' },
	});
});

test('of thousands of images a difference that does not matter is no drift', () => {
	const { checks, verdict } = judgeDrift(
		{ scores: scores(9, 20_000, 0.002), statistics: [] },
		{ ...reference, scores: ascending(scores(10, 5000)) },
	);
	expect(checks[0].adjustedPValue).toBeLessThan(1e-6);
	expect(verdict).not.toBe('drift');
});

test('of few images nothing is said', () => {
	expect(judgeDrift({ scores: scores(11, 5, 1), statistics: [] }, reference)).toMatchObject({
		verdict: 'unknown',
		reason: 'Not enough images to tell: found 5 recent images and 60 at calibration, and at least 10 of each are needed',
	});
});

test('an older model without image statistics is named, and so are scores alone', () => {
	const old = { ...reference, images: undefined };
	const { checks, notices, size } = judgeDrift(
		{ scores: scores(12, 50), statistics: recentImages(13, 50) },
		old,
	);
	expect(checks.map(({ measure }) => measure)).toEqual(['score']);
	expect(size).toBeUndefined();
	expect(notices).toEqual([expect.stringMatching(/keeps no image statistics.*train it again/)]);
	expect(judgeDrift({ scores: scores(12, 50), statistics: [] }, reference).notices).toEqual([
		expect.stringMatching(/^Only scores were checked/),
	]);
});

describe('the reference', () => {
	const pixel = { pixels: 1, maxPerImage: [1], quantiles: [{ level: 0.999, value: 1 }] };
	const calibration: CalibrationFile = {
		schemaVersion: 1,
		created: '2026-01-31T12:00:00.000Z',
		scores: { bolt: [1, 2, 3, 4, 5, 6], nut: [7, 8] },
		pixel: { bolt: pixel, nut: pixel },
		pooledPixel: pixel,
		images: {
			bolt: { brightness: [0.1], contrast: [0.2], sharpness: [0.3], sizes: [{ width: 1, height: 2 }] },
			nut: { brightness: [0.05], contrast: [0.1], sharpness: [0.4], sizes: [{ width: 3, height: 4 }] },
		},
	};
	const opened = {
		name: 'tiny',
		version: '1',
		path: '',
		card: { categories: [{ name: 'bolt' }, { name: 'nut' }] },
		calibration,
	} as unknown as OpenedModel;

	test("is the category's own where it has enough images, and that of all together otherwise", () => {
		expect(driftReference(opened, 'bolt')).toMatchObject({
			category: 'bolt',
			scores: [1, 2, 3, 4, 5, 6],
			images: { brightness: [0.1] },
		});
		for (const category of ['nut', null])
			expect(driftReference(opened, category)).toMatchObject({
				category: null,
				scores: [1, 2, 3, 4, 5, 6, 7, 8],
				images: { brightness: [0.05, 0.1], sizes: [{ width: 1 }, { width: 3 }] },
			});
	});

	test('a category that the model does not know, and a model without calibration, are refused', () => {
		expect(() => driftReference(opened, 'screw')).toThrow(/trained on, found "screw"/);
		expect(() => driftReference({ ...opened, calibration: undefined }, null)).toThrow(
			/to have a calibration to compare with, found none/,
		);
	});
});
