import { decide, type RoutingCase } from '../../src/routing/route';

type Calibrated = Extract<RoutingCase, { kind: 'calibration' }>;
type Limited = Extract<RoutingCase, { kind: 'limits' }>;

const calibrated = (
	reading: Partial<Calibrated['reading']>,
	rule: Partial<Calibrated['rule']> = {},
): RoutingCase => ({
	kind: 'calibration',
	rule: { falseAlarmRate: 0.01, ...rule },
	reading: { subject: 'The image', score: 0.2, pValue: 0.5, threshold: 0.3, ...reading },
});
const limited = (value: number, rule: Partial<Limited['rule']> = {}): RoutingCase => ({
	kind: 'limits',
	rule: { direction: 'above', threshold: 0.5, ...rule },
	reading: { subject: 'The item', field: 'score', value },
});

describe("by the model's calibration", () => {
	test.each([
		[0.004, 'anomaly'],
		[0.01, 'anomaly'],
		[0.0101, 'review'],
		[0.05, 'review'],
		[0.051, 'normal'],
	])('a p-value of %d is %s', (pValue, route) => {
		expect(decide(calibrated({ pValue, calibrationImages: 999 }, { reviewRate: 0.05 })).route).toBe(
			route,
		);
	});

	test('three of 300 are one percent, whatever the rounding', () => {
		const reading = { pValue: 3 / 300, calibrationImages: 299 };
		expect(decide(calibrated(reading)).route).toBe('anomaly');
	});

	test('with fewer images than the rate needs, the model threshold decides between anomaly and review', () => {
		const beatsAll = { pValue: 1 / 21, calibrationImages: 20 };
		const rule = { reviewRate: 0.02 };
		expect(decide(calibrated({ ...beatsAll, score: 0.31 }, rule)).route).toBe('anomaly');
		expect(decide(calibrated({ ...beatsAll, score: 0.29 }, rule)).route).toBe('review');
		expect(decide(calibrated({ pValue: 2 / 21, calibrationImages: 20, score: 0.29 }, rule)).route).toBe(
			'normal',
		);
	});

	test('the reason names the threshold only where it belongs to the decision', () => {
		const reading = { pValue: 0.5, calibrationImages: 999 };
		expect(decide(calibrated(reading)).reason).toBe(
			'The image is normal: score 0.2 against threshold 0.3, as high as 50 % of normal images (anomalous up to 1 %)',
		);
		expect(decide(calibrated(reading, { falseAlarmRate: 0.02 })).reason).toBe(
			'The image is normal: score 0.2, as high as 50 % of normal images (anomalous up to 2 %)',
		);
	});

	test.each([0, 1, -0.1, NaN])('a false-alarm rate of %d is refused', (falseAlarmRate) => {
		expect(() => decide(calibrated({}, { falseAlarmRate }))).toThrow(
			`Expected a false-alarm rate between 0 and 1, found ${falseAlarmRate}`,
		);
	});
});

describe('by limits', () => {
	test('the limits themselves are on the normal side', () => {
		const rule = { reviewThreshold: 0.4 };
		const routes = [0.4, 0.41, 0.5, 0.51].map((value) => decide(limited(value, rule)).route);
		expect(routes).toEqual(['normal', 'review', 'review', 'anomaly']);
	});

	test('below means below', () => {
		const rule = { direction: 'below' as const, threshold: 0.2, reviewThreshold: 0.4 };
		const routes = [0.4, 0.39, 0.2, 0.19].map((value) => decide(limited(value, rule)).route);
		expect(routes).toEqual(['normal', 'review', 'review', 'anomaly']);
	});

	test('the reason says where a threshold comes from that nobody has set', () => {
		const basis = 'best F1 0.900 on 10 good and 5 defective images';
		for (const value of [0.1, 0.45, 0.9])
			expect(decide(limited(value, { basis, reviewThreshold: 0.4 })).reason).toContain(`(${basis})`);
		expect(decide(limited(0.9)).reason).toBe('The item is anomalous: score 0.9 is above threshold 0.5');
	});

	test('a review band on the wrong side is refused', () => {
		expect(() => decide(limited(0.1, { reviewThreshold: 0.6 }))).toThrow(
			'Expected a review threshold of at most the threshold 0.5, found 0.6',
		);
		expect(() => decide(limited(0.1, { direction: 'below', reviewThreshold: 0.4 }))).toThrow(
			'Expected a review threshold of at least the threshold 0.5, found 0.4',
		);
	});

	test('a threshold that is no number is refused', () => {
		expect(() => decide(limited(0.1, { threshold: NaN }))).toThrow(
			'Expected a number as threshold, found NaN',
		);
	});
});

test('the threshold is not named beside a decision that it would contradict', () => {
	const reading = { pValue: 0.005, calibrationImages: 999, score: 0.2, threshold: 0.3 };
	expect(decide(calibrated(reading)).reason).toBe(
		'The image is anomalous: score 0.2, as high as 0.5 % of normal images (anomalous up to 1 %)',
	);
});

describe("by the model's own verdict", () => {
	const verdict = (reading: Partial<Extract<RoutingCase, { kind: 'verdict' }>['reading']>) =>
		decide({
			kind: 'verdict',
			reading: { subject: 'bottle', verdict: 'anomaly', score: 0.41, threshold: 0.31, ...reading },
		});

	test('it is followed, with what its threshold promises', () => {
		expect(verdict({ basis: 'least cost, 0.2 a part' })).toEqual({
			route: 'anomaly',
			reason: "bottle is anomalous: score 0.41 against the model's threshold 0.31 (least cost, 0.2 a part)",
		});
		expect(verdict({ verdict: 'review', score: 0.3, reviewThreshold: 0.25 })).toEqual({
			route: 'review',
			reason: "bottle needs review: score 0.3 against the model's threshold 0.31, review from 0.25",
		});
		expect(verdict({ verdict: 'normal' }).route).toBe('normal');
	});
});
