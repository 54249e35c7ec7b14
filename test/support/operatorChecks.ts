import * as tf from '@tensorflow/tfjs';
import { Graph, gradients, mul, sizeOf, sumAll, type Shape, type Tensor } from '../../src/graph';
import { createRandom, type Random } from '../../src/random';
import { evaluate } from './interpreter';
import { floats, runGraph } from './run';

// Keeps TensorFlow.js from advertising its native package.
tf.env().set('IS_TEST', true);

/** One draw of an operator's operands, and what is done with them here and in TensorFlow.js. */
export interface Trial {
	readonly shapes: readonly Shape[];
	readonly ours: (...operands: Tensor[]) => Tensor;
	/** Absent where TensorFlow.js has nothing to compare with. */
	readonly theirs?: (...operands: tf.Tensor[]) => tf.Tensor;
	/** Draws one element of an operand; standard normal when absent. */
	readonly sample?: (random: Random) => number;
}

export interface CheckOptions {
	readonly trials?: number;
	readonly seed?: number;
	/** False where TensorFlow.js is enough: the time of central differences grows with the square of the size. */
	readonly differences?: boolean;
}

/** ONNX Runtime and TensorFlow.js both compute in float32: a few roundings of sums of at most some hundred terms. */
export const FLOAT32_TOLERANCE = 1e-5;
/** Central differences in float64, and constants of the graph that are rounded to float32. */
const DIFFERENCES_TOLERANCE = 1e-6;
const STEP = 1e-5;
/** Operands up to this size are moved element by element. */
const ALL_ELEMENTS = 256;
const SOME_ELEMENTS = 32;

/**
 * Tests of one operator on random shapes. The gradient is that of a random projection, the sum of weight * y, with
 * respect to every operand.
 */
export function describeOperator(
	title: string,
	draw: (random: Random) => Trial,
	options: CheckOptions = {},
): void {
	const { trials = 4, seed = 1, differences = true } = options;
	const drawn = (): { trial: Trial; random: Random }[] =>
		Array.from({ length: trials }, (_, i) => {
			const random = createRandom(1000 * seed + i);
			return { trial: draw(random), random };
		});

	describe(title, () => {
		if (draw(createRandom(0)).theirs) {
			test('value and gradients agree with TensorFlow.js', async () => {
				for (const { trial, random } of drawn()) await compareWithTensorflow(trial, random);
			});
		}
		if (!differences) return;
		test('gradients agree with central differences in float64, and ONNX Runtime with both', async () => {
			for (const { trial, random } of drawn()) await compareWithDifferences(trial, random);
		});
	});
}

/** Tests that an operator's value, through which no gradient flows, agrees with TensorFlow.js on random shapes. */
export function describeValue(
	title: string,
	draw: (random: Random) => Trial & Required<Pick<Trial, 'theirs'>>,
): void {
	test(`${title}: value agrees with TensorFlow.js and no gradient flows`, async () => {
		for (let i = 0; i < 4; i++) {
			const random = createRandom(2000 + i);
			const trial = draw(random);
			const graph = new Graph();
			const operands = trial.shapes.map((shape, k) => graph.input(`x${k}`, 'float32', shape));
			const y = trial.ours(...operands);
			graph.output('y', y);
			const data = trial.shapes.map((shape) => sampleArray(random, shape, trial.sample));
			const results = await runGraph(graph, feedsOf(data, trial.shapes));
			const theirs = trial.theirs(...data.map((values, k) => tf.tensor(values, [...trial.shapes[k]])));
			expectClose(results.y.data as ArrayLike<number>, theirs.dataSync(), FLOAT32_TOLERANCE);
			expect(results.y.shape).toEqual(y.shape);
			expect(theirs.shape).toEqual(y.shape);
			if (y.dtype === 'float32')
				expect(gradients(sumAll(y), operands)).toEqual(operands.map(() => null));
		}
	});
}

/** Largest difference relative to the largest magnitude of the reference, or absolute where that is below 1. */
export function expectClose(
	actual: ArrayLike<number>,
	reference: ArrayLike<number>,
	tolerance: number,
): void {
	expect(actual.length).toBe(reference.length);
	let size = 1;
	let difference = 0;
	for (let i = 0; i < reference.length; i++) {
		size = Math.max(size, Math.abs(reference[i]));
		difference = Math.max(difference, Math.abs(actual[i] - reference[i]));
	}
	expect(difference / size).toBeLessThanOrEqual(tolerance);
}

export function sampleArray(
	random: Random,
	shape: Shape,
	sample: (random: Random) => number = (r) => r.normal(),
): Float32Array {
	return Float32Array.from({ length: sizeOf(shape) }, () => sample(random));
}

/** Extents from 1 to `most`. */
export function randomShape(random: Random, rank: number, most = 4): number[] {
	return Array.from({ length: rank }, () => 1 + random.integer(most));
}

/** Shapes that broadcast: leading axes missing and extents of 1 on either side. */
export function broadcastingShapes(random: Random, count = 2): number[][] {
	const full = randomShape(random, 1 + random.integer(4));
	return Array.from({ length: count }, () =>
		full.slice(random.integer(full.length + 1)).map((extent) => (random.integer(3) === 0 ? 1 : extent)),
	);
}

interface Projection {
	readonly graph: Graph;
	readonly operands: readonly Tensor[];
	readonly weight: Tensor;
	readonly y: Tensor;
	readonly slopes: readonly Tensor[];
	/** Values of the operands, then of the weight. */
	readonly data: readonly Float32Array[];
}

function project({ shapes, ours, sample }: Trial, random: Random): Projection {
	const graph = new Graph();
	const operands = shapes.map((shape, i) => graph.input(`x${i}`, 'float32', shape));
	const y = ours(...operands);
	const weight = graph.input(`x${shapes.length}`, 'float32', y.shape);
	const slopes = gradients(sumAll(mul(y, weight)), operands).map((slope) => slope!);
	const data = [...shapes.map((shape) => sampleArray(random, shape, sample)), sampleArray(random, y.shape)];
	graph.output('y', y);
	slopes.forEach((slope, i) => {
		graph.output(`slope${i}`, slope);
	});
	return { graph, operands, weight, y, slopes, data };
}

async function runProjection({
	graph,
	operands,
	weight,
	y,
	slopes,
	data,
}: Projection): Promise<Float32Array[]> {
	const shapes = [...operands, weight].map(({ shape }) => shape);
	const results = await runGraph(graph, feedsOf(data, shapes));
	return [y, ...slopes].map((tensor, i) => {
		const result = results[i === 0 ? 'y' : `slope${i - 1}`];
		expect(result.shape).toEqual(tensor.shape);
		return result.data as Float32Array;
	});
}

async function compareWithTensorflow(trial: Trial, random: Random): Promise<void> {
	const { theirs } = trial;
	if (!theirs) throw new Error('Every trial of an operator must name its counterpart, or none');
	const projection = project(trial, random);
	const [value, ...slopes] = await runProjection(projection);

	const shapes = [...trial.shapes, projection.y.shape];
	const tensors = projection.data.map((data, i) => tf.tensor(data, [...shapes[i]]));
	const operands = tensors.slice(0, -1);
	const expected = theirs(...operands);
	expect(expected.shape).toEqual(projection.y.shape);
	expectClose(value, expected.dataSync(), FLOAT32_TOLERANCE);
	const weight = tensors[operands.length];
	tf.grads((...x) => tf.sum(tf.mul(theirs(...x), weight)))(operands).forEach((slope, i) => {
		expectClose(slopes[i], slope.dataSync(), FLOAT32_TOLERANCE);
	});
}

async function compareWithDifferences(trial: Trial, random: Random): Promise<void> {
	const projection = project(trial, random);
	const { graph, operands, weight, y, slopes, data } = projection;
	const values = data.map((array) => Float64Array.from(array));
	const feeds = new Map([...operands, weight].map((tensor, i) => [tensor, values[i]]));
	const projected = (): number => {
		const [result] = evaluate(graph, [y], feeds);
		return result.data.reduce((sum, element, i) => sum + element * values[operands.length][i], 0);
	};

	const exact = evaluate(graph, [y, ...slopes], feeds);
	operands.forEach((_, i) => {
		const centre = values[i].slice();
		const slope = exact[i + 1].data;
		const along = (direction: ArrayLike<number>): number => {
			const moved = (step: number): number => {
				for (let at = 0; at < centre.length; at++) values[i][at] = centre[at] + step * direction[at];
				return projected();
			};
			const difference = (moved(STEP) - moved(-STEP)) / (2 * STEP);
			values[i].set(centre);
			return difference;
		};
		const directions = directionsOf(centre.length, random);
		expectClose(
			directions.map((direction) => dot(slope, direction)),
			directions.map(along),
			DIFFERENCES_TOLERANCE,
		);
	});

	const run = await runProjection(projection);
	run.forEach((array, i) => {
		expectClose(array, exact[i].data, FLOAT32_TOLERANCE);
	});
}

/** Along every element; of a large operand along some, and twice along all of them at once. */
function directionsOf(size: number, random: Random): Float64Array[] {
	const unit = (at: number): Float64Array => {
		const direction = new Float64Array(size);
		direction[at] = 1;
		return direction;
	};
	if (size <= ALL_ELEMENTS) return Array.from({ length: size }, (_, at) => unit(at));
	const whole = Array.from({ length: 2 }, () =>
		// Of length 1 or so: each step is as short as one along an element.
		Float64Array.from({ length: size }, () => random.normal() / Math.sqrt(size)),
	);
	return [...whole, ...Array.from({ length: SOME_ELEMENTS }, () => unit(random.integer(size)))];
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
	let sum = 0;
	for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
	return sum;
}

function feedsOf(
	data: readonly Float32Array[],
	shapes: readonly Shape[],
): Record<string, ReturnType<typeof floats>> {
	return Object.fromEntries(data.map((array, i) => [`x${i}`, floats(array, shapes[i])]));
}
