import { CalibrationCollector } from '../../src/calibration/collector';
import { parseCalibration } from '../../src/store/calibration';
import { JsonFields } from '../../src/store/jsonFields';

const image = (score: number, more = {}) => ({
	category: 'nut',
	anomalous: false,
	score,
	map: Float32Array.from({ length: 100 }, (_, i) => score + i / 100),
	views: 1,
	...more,
});

test('scores ascend, each with its part by numbers; an image without one is a part of its own', () => {
	const collector = new CalibrationCollector(5);
	for (const [score, part] of [
		[5, 'a'],
		[1, 'b'],
		[3, 'a'],
		[4, undefined],
		[2, 'c'],
	] as const)
		collector.add(image(score, { ...(part && { part }) }));
	const { scores, parts } = collector.result();
	expect(scores).toEqual({ nut: [1, 2, 3, 4, 5] });
	const [b, c, a, alone, again] = parts!.nut;
	expect(again).toBe(a);
	expect(new Set([a, b, c, alone]).size).toBe(4);
});

test('without names of parts none are kept', () => {
	const collector = new CalibrationCollector(1);
	collector.add(image(1));
	expect(collector.result().parts).toBeUndefined();
});

test('the levels of a map are its order statistics, also where a level is finer than the map', () => {
	const collector = new CalibrationCollector(2);
	collector.add(image(0));
	collector.add(image(1, { anomalous: true }));
	const { pooledPixel } = collector.result();
	const at = (level: number): number => pooledPixel.quantiles.find((one) => one.level === level)!.value;
	expect(at(0.5)).toBeCloseTo(0.49, 6);
	expect(at(0.9)).toBeCloseTo(0.89, 6);
	expect(at(0.999999)).toBeCloseTo(0.99, 6);
	expect(pooledPixel.maxPerImage).toEqual([expect.closeTo(0.99, 6)]);
});

test('images of several views say how many, and what is measured is read back from the file', () => {
	const collector = new CalibrationCollector(2);
	collector.add(image(1, { views: 300, part: 'a' }));
	collector.add(image(2, { views: 100, part: 'b' }));
	const measured = collector.result();
	expect(measured.pooledPixel.views).toBe(200);
	const text = JSON.stringify(measured);
	expect(parseCalibration(new JsonFields(JSON.parse(text), 'calibration.json'), 'it')).toEqual(
		JSON.parse(text),
	);
	const wrong = JSON.stringify({ ...measured, parts: { nut: [0] } });
	expect(() => parseCalibration(new JsonFields(JSON.parse(wrong), 'calibration.json'), 'it')).toThrow(
		'Expected "parts.nut" of calibration.json to be as many numbers as the category has scores, found [0]',
	);
});
