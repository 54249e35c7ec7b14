import { distanceLimit } from '../../src/distribution/limit';
import { placeImage } from '../../src/distribution/placement';

/** On the unit circle, so that distances are 2 sin(angle / 2). */
const at = (degrees: number): Float32Array =>
	Float32Array.of(Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180));
const apart = (degrees: number): number => 2 * Math.sin((degrees * Math.PI) / 360);

test('the limit lies three fifths of the way from the ninth of ten good images to the median picture of nothing', () => {
	const normal = [0.1, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.9];
	const limit = distanceLimit(normal, [at(0), at(10)], [at(20), at(70), at(160)]);
	expect(limit).toBeCloseTo(0.1 + 0.6 * (apart(60) - 0.1), 5);
});

test('control pictures on the far side widen the limit no more than unlike ones do', () => {
	const limit = (controls: number[]) => distanceLimit([0.1, 0.1], [at(0)], controls.map(at));
	expect(limit([90])).toBeCloseTo(0.1 + 0.6 * (Math.SQRT2 - 0.1), 5);
	expect(limit([150])).toBeCloseTo(limit([90])!, 5);
	expect(limit([80])).toBeLessThan(limit([90])!);
});

test('good images that differ as much as from nothing give no limit', () => {
	expect(distanceLimit([1, 1, 1], [at(0)], [at(30)])).toBeNull();
});

test('an image is held against its own category, and named after another only when it is within that one', () => {
	const category = (name: string, degrees: number, limit: number) => ({
		category: name,
		memory: [at(degrees)],
		normalDistances: Float32Array.of(0.1),
		limit,
	});
	const known = { controls: [at(180)], categories: [category('bolt', 0, 0.3), category('nut', 90, 0.3)] };
	expect(placeImage(known, at(5), 'bolt')).toMatchObject({ isUnknown: false, resembles: 'bolt' });
	expect(placeImage(known, at(85), 'bolt')).toMatchObject({ isUnknown: true, resembles: 'nut' });
	expect(placeImage(known, at(45), 'bolt')).toMatchObject({ isUnknown: true, resembles: null });
	expect(placeImage(known, at(85), null)).toMatchObject({ isUnknown: false, resembles: 'nut' });
	expect(placeImage(known, at(45), null)).toMatchObject({ isUnknown: true, resembles: null });
	expect(placeImage(known, at(5), 'gear')).toBeNull();
	expect(placeImage(known, at(5), 'bolt')?.distance).toBeCloseTo(apart(5), 5);
});
