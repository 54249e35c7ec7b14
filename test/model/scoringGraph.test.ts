import { Graph } from '../../src/graph';
import {
	alignedCornersMatrix,
	compose,
	distanceMap,
	evaluationMatrix,
	halfPixelMatrix,
	imageScore,
	resizeMap,
} from '../../src/model/anomalyMap';
import { tokenLayout } from '../../src/model/layout';
import { buildScoring } from '../../src/model/scoringGraph';
import type { Value } from '../../src/runtime/session';
import { describeGolden } from '../support/golden';
import { DINOMALY2_CASES, DINOMALY_CASES, type GoldenCase } from '../support/goldenCases';
import {
	encodeTiny,
	floatsOf,
	openGolden,
	parametersOf,
	patchesFirst,
	swapFirstAxes,
	TINY_DIMS,
	type Golden,
} from '../support/goldenModel';
import { floats, maxDifference, relativeError, runGraph } from '../support/run';

/** float32 of the reference is about 1e-6 away from its own float64. */
const TOLERANCE = 5e-6;
/** Distances 1 - cos of float32 vectors carry an absolute rounding error. */
const DISTANCE_TOLERANCE = 1e-6;
const IMAGES = 2;
const BLOCKS = [0, 1, 2, 3, 4, 5, 6, 7];

interface Scored {
	readonly golden: Golden;
	readonly outputs: Record<string, Value>;
}

async function score(
	{ file, config, attentionEpsilon }: GoldenCase,
	features?: readonly Float32Array[],
	parameterFile = file,
): Promise<Scored> {
	const golden = await openGolden(file);
	const graph = buildScoring({
		config,
		dims: TINY_DIMS,
		parameters: parametersOf(await openGolden(parameterFile), 'param'),
		images: IMAGES,
		attentionEpsilon,
		expose: true,
	});
	const given =
		features ?? (await encodeTiny({ data: golden.floats('x'), shape: golden.shape('x') }, config.groups));
	const feeds = Object.fromEntries(
		given.map((data, k) => [`feature${k}`, floats(data, graph.inputs.get(`feature${k}`)!.shape)]),
	);
	return { golden, outputs: await runGraph(graph, feeds) };
}

/** Golden tokens (B, N, D) in our order [token][image]. */
function tokensOf(golden: Golden, name: string): Float32Array {
	const [images, tokens] = golden.shape(name);
	return swapFirstAxes(golden.floats(name), images, tokens);
}

async function smoothed(distances: Value, crop: number, side: number): Promise<Record<string, Value>> {
	const graph = new Graph();
	const [images, grid] = distances.shape;
	const map = graph.input('distances', 'float32', [images, grid, grid]);
	const toCrop = alignedCornersMatrix(grid, crop);
	const blurred = resizeMap(map, evaluationMatrix(grid, crop, side));
	graph.output('crop', resizeMap(map, toCrop));
	graph.output('resized', resizeMap(map, compose(halfPixelMatrix(crop, side), toCrop)));
	graph.output('blurred', blurred);
	graph.output('score', imageScore(blurred));
	graph.output('largest', imageScore(blurred, 0));
	return runGraph(graph, { distances });
}

function expectGroups(golden: Golden, outputs: Record<string, Value>, groups: number): void {
	for (let k = 0; k < groups; k++) {
		for (const [ours, theirs] of [
			['target', 'en'],
			['reconstruction', 'de'],
		]) {
			const expected = patchesFirst(golden.floats(`${theirs}_${k}`), golden.shape(`${theirs}_${k}`));
			expect(relativeError(floatsOf(outputs[`${ours}${k}`]), expected)).toBeLessThan(TOLERANCE);
		}
	}
}

describeGolden('bottleneck, decoder and anomaly map agree with the reference', () => {
	describe.each(DINOMALY_CASES)('$file', (one) => {
		let golden: Golden;
		let outputs: Record<string, Value>;
		const { grid } = tokenLayout(one.config, TINY_DIMS);
		beforeAll(async () => {
			({ golden, outputs } = await score(one));
		});

		test('bottleneck input and output', () => {
			expect(relativeError(floatsOf(outputs.fused), tokensOf(golden, 'fused_in'))).toBeLessThan(
				TOLERANCE,
			);
			const bottleneck = floatsOf(outputs.bottleneck);
			expect(relativeError(bottleneck, tokensOf(golden, 'bottleneck_out'))).toBeLessThan(TOLERANCE);
		});

		test.each(BLOCKS)('decoder block %i', (block) => {
			const expected = tokensOf(golden, `dec_block_${block}`);
			expect(relativeError(floatsOf(outputs[`block${block}`]), expected)).toBeLessThan(TOLERANCE);
		});

		test('targets and reconstructions of every group', () => {
			expectGroups(golden, outputs, one.config.groups);
		});

		test('anomaly map at the crop, resized and smoothed, and its scores', async () => {
			const maps = await smoothed(outputs.distances, one.config.cropSize, 64);
			for (const [ours, theirs] of [
				['crop', 'amap'],
				['resized', 'amap_resized'],
				['blurred', 'amap_blur'],
				['score', 'score_top1pct'],
				['largest', 'score_max'],
			]) {
				expect(maxDifference(floatsOf(maps[ours]), golden.floats(theirs))).toBeLessThan(
					DISTANCE_TOLERANCE,
				);
			}
		});

		test('distances of single groups', async () => {
			for (let k = 0; k < one.config.groups; k++) {
				const graph = new Graph();
				const shape = [grid * grid, IMAGES, TINY_DIMS.dim];
				const target = graph.input('target', 'float32', shape);
				const reconstruction = graph.input('reconstruction', 'float32', shape);
				const distances = distanceMap([target], [reconstruction], grid);
				graph.output('distances', distances);
				graph.output('crop', resizeMap(distances, alignedCornersMatrix(grid, one.config.cropSize)));
				const group = await runGraph(graph, {
					target: outputs[`target${k}`],
					reconstruction: outputs[`reconstruction${k}`],
				});
				const expected = golden.floats(`point_dist_${k}`);
				expect(maxDifference(floatsOf(group.distances), expected)).toBeLessThan(DISTANCE_TOLERANCE);
				const map = golden.floats(`amap_group_${k}`);
				expect(maxDifference(floatsOf(group.crop), map)).toBeLessThan(DISTANCE_TOLERANCE);
			}
		});
	});

	test('map and score at the official side of 256', async () => {
		const { golden, outputs } = await score(DINOMALY_CASES[0]);
		expect(outputs.map.shape).toEqual([IMAGES, 256, 256]);
		expect(maxDifference(floatsOf(outputs.map), golden.floats('amap256_blur'))).toBeLessThan(
			DISTANCE_TOLERANCE,
		);
		const expected = golden.floats('score256_top1pct');
		expect(maxDifference(floatsOf(outputs.score), expected)).toBeLessThan(DISTANCE_TOLERANCE);
		const { largest } = await smoothed(outputs.distances, 56, 256);
		expect(maxDifference(floatsOf(largest), golden.floats('score256_max'))).toBeLessThan(
			DISTANCE_TOLERANCE,
		);
	});

	test.each(DINOMALY2_CASES)('$file: recentering on or off, three bottleneck layers', async (one) => {
		const { golden, outputs } = await score(one);
		expectGroups(golden, outputs, one.config.groups);
		const maps = await smoothed(outputs.distances, one.config.cropSize, 64);
		expect(maxDifference(floatsOf(maps.crop), golden.floats('amap'))).toBeLessThan(DISTANCE_TOLERANCE);
		expect(maxDifference(floatsOf(maps.blurred), golden.floats('amap_blur'))).toBeLessThan(
			DISTANCE_TOLERANCE,
		);
		const expected = golden.floats('score_top1pct');
		expect(maxDifference(floatsOf(maps.score), expected)).toBeLessThan(DISTANCE_TOLERANCE);
	});

	test('features of colour and depth images blended by halves serve as those of one image', async () => {
		const golden = await openGolden('model_d2_rgbd');
		const [colour, depth] = splitChannels(golden.floats('x'), IMAGES);
		const shape = [IMAGES, 3, 56, 56];
		const [ofColour, ofDepth] = await Promise.all(
			[colour, depth].map((data) => encodeTiny({ data, shape }, 2)),
		);
		const blended = ofColour.map((values, k) =>
			values.map((value, i) => 0.5 * value + 0.5 * ofDepth[k][i]),
		);
		const { outputs } = await score(
			{ ...DINOMALY2_CASES[0], file: 'model_d2_rgbd' },
			blended,
			'model_d2',
		);
		expectGroups(golden, outputs, 2);
	});
});

/** Images (B, 6, ...) as two of (B, 3, ...). */
function splitChannels(data: Float32Array, images: number): [Float32Array, Float32Array] {
	const half = data.length / images / 2;
	const halves = swapFirstAxes(data, images, 2);
	return [halves.slice(0, images * half), halves.slice(images * half)];
}
