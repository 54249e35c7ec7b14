import { Graph } from '../../src/graph';
import {
	alignedCornersMatrix,
	compose,
	evaluationMatrix,
	gaussianMatrix,
	halfPixelMatrix,
	imageScore,
	resizeMap,
	type ResizeMatrix,
} from '../../src/model/anomalyMap';
import { describeGolden } from '../support/golden';
import { floatsOf, openGolden, type Golden } from '../support/goldenModel';
import { floats, maxDifference, runGraph } from '../support/run';

/** float32 of values below 3. */
const TOLERANCE = 1e-6;

async function resized(map: Float32Array, images: number, matrix: ResizeMatrix): Promise<Float32Array> {
	const graph = new Graph();
	const shape = [images, matrix.from, matrix.from];
	graph.output('map', resizeMap(graph.input('map0', 'float32', shape), matrix));
	const { map: result } = await runGraph(graph, { map0: floats(map, shape) });
	expect(result.shape).toEqual([images, matrix.to, matrix.to]);
	return floatsOf(result);
}

async function scoreOf(map: Float32Array, side: number, fraction?: number): Promise<Float32Array> {
	const graph = new Graph();
	const shape = [map.length / side ** 2, side, side];
	graph.output('score', imageScore(graph.input('map', 'float32', shape), fraction));
	return floatsOf((await runGraph(graph, { map: floats(map, shape) })).score);
}

describeGolden('anomaly maps agree with the reference', () => {
	let golden: Golden;
	let map28: Float32Array;
	beforeAll(async () => {
		golden = await openGolden('misc');
		map28 = golden.floats('map28');
	});

	test.each([64, 256])('28 to %i with aligned corners', async (side) => {
		const result = await resized(map28, 2, alignedCornersMatrix(28, side));
		expect(maxDifference(result, golden.floats(`map28_up_align_${side}`))).toBeLessThan(TOLERANCE);
	});

	test('one row of 28 to 392', async () => {
		const result = await resized(map28, 2, alignedCornersMatrix(28, 392));
		const rows = [0, 1].flatMap((image) => [
			...result.subarray((image * 392 + 100) * 392, (image * 392 + 101) * 392),
		]);
		expect(maxDifference(rows, golden.floats('map28_up392_row100'))).toBeLessThan(TOLERANCE);
	});

	test('28 to 392 to 256, and smoothed', async () => {
		const matrix = compose(halfPixelMatrix(392, 256), alignedCornersMatrix(28, 392));
		const plain = await resized(map28, 2, matrix);
		expect(maxDifference(plain, golden.floats('map28_up392_to256'))).toBeLessThan(TOLERANCE);
		const blurred = await resized(map28, 2, evaluationMatrix(28, 392));
		expect(maxDifference(blurred, golden.floats('map28_up392_to256_blur'))).toBeLessThan(TOLERANCE);
	});

	test('the Gaussian', () => {
		const { data, from } = gaussianMatrix(11);
		const middle = data.subarray(5 * from + 3, 5 * from + 8);
		const kernel = [...middle].flatMap((a) => [...middle].map((b) => a * b));
		expect(maxDifference(kernel, golden.floats('gauss_5_4'))).toBeLessThan(1e-8);
	});
});

describe('resizing', () => {
	test('keeps a constant map, except where the Gaussian reaches over the border', () => {
		for (const matrix of [alignedCornersMatrix(5, 17), halfPixelMatrix(17, 7), halfPixelMatrix(7, 17)]) {
			for (let i = 0; i < matrix.to; i++) expect(rowSum(matrix, i)).toBeCloseTo(1, 12);
		}
		const blur = gaussianMatrix(9);
		expect(rowSum(blur, 4)).toBeCloseTo(1, 12);
		expect(rowSum(blur, 0)).toBeLessThan(0.7);
	});

	test('to the same side changes nothing', () => {
		const identity = Array.from({ length: 16 }, (_, i) => Number(i % 5 === 0));
		expect([...alignedCornersMatrix(4, 4).data]).toEqual(identity);
		expect([...halfPixelMatrix(4, 4).data]).toEqual(identity);
	});

	test('a single patch fills the map', () => {
		expect([...alignedCornersMatrix(1, 3).data]).toEqual([1, 1, 1]);
	});

	test('aligned corners keep the corners', () => {
		const { data } = alignedCornersMatrix(3, 9);
		expect([...data.subarray(0, 3)]).toEqual([1, 0, 0]);
		expect([...data.subarray(24)]).toEqual([0, 0, 1]);
	});

	test('composed matrices resize like one after the other', async () => {
		const map = Float32Array.from({ length: 16 }, (_, i) => Math.sin(i));
		const first = alignedCornersMatrix(4, 9);
		const second = halfPixelMatrix(9, 6);
		const stepwise = await resized(await resized(map, 1, first), 1, second);
		const atOnce = await resized(map, 1, compose(second, first));
		expect(maxDifference(atOnce, stepwise)).toBeLessThan(TOLERANCE);
	});

	test('rows and columns are not confused', async () => {
		const map = Float32Array.of(0, 1, 0, 1);
		const result = await resized(map, 1, alignedCornersMatrix(2, 3));
		expect([...result]).toEqual([0, 0.5, 1, 0, 0.5, 1, 0, 0.5, 1]);
	});
});

describe('image scores', () => {
	test('are the mean of the top share of each image, its number of pixels rounded down', async () => {
		// 1 % of 9 pixels is less than one: the largest alone; of 225 it is two.
		const small = Float32Array.from({ length: 9 }, (_, i) => i);
		expect([...(await scoreOf(small, 3))]).toEqual([8]);
		const large = Float32Array.from({ length: 450 }, (_, i) => (i * 7) % 225);
		expect([...(await scoreOf(large, 15))]).toEqual([223.5, 223.5]);
	});

	test('are means of the whole map for a share of 1', async () => {
		const map = Float32Array.of(1, 2, 3, 6);
		expect([...(await scoreOf(map, 2, 1))]).toEqual([3]);
	});
});

function rowSum({ data, from }: ResizeMatrix, row: number): number {
	return data.subarray(row * from, (row + 1) * from).reduce((sum, weight) => sum + weight, 0);
}
