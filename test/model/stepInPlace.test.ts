import { serialise } from '../../src/graph';
import type { Graph, Node, Tensor } from '../../src/graph/graph';
import { tokenLayout, type EncoderDims } from '../../src/model/layout';
import { initialParameters, parameterSpecs } from '../../src/model/parameters';
import { buildTrainingStep, nextName, type TrainingStep } from '../../src/model/trainingStep';
import { createRandom } from '../../src/random';
import { Session, type Value } from '../../src/runtime/session';
import { resolveConfig } from '../../src/training/config';
import type { TrainingConfig } from '../../src/training/config';

/** Wide enough for work in pieces. */
const DIMS: EncoderDims = {
	dim: 64,
	heads: 2,
	patch: 8,
	registers: 1,
	targetLayers: [0, 1, 2, 3, 4, 5, 6, 7],
};
const IMAGES = 4;

function build(overrides: Partial<TrainingConfig> = {}): { step: TrainingStep; config: TrainingConfig } {
	const config = resolveConfig('fast', DIMS.patch, {
		imageSize: 64,
		cropSize: 64,
		batchSize: IMAGES,
		...overrides,
	});
	const step = buildTrainingStep({
		config,
		optimiser: config,
		dims: DIMS,
		parameters: parameterSpecs(config, DIMS),
		images: config.batchSize,
		featureType: 'float32',
		pieceBytes: 20_000,
	});
	return { step, config };
}

/** Nodes that tensors are made by. */
function makersOf(graph: Graph, tensors: Iterable<Tensor>): Set<Node> {
	const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node])));
	const found = new Set<Node>();
	const look = [...tensors].flatMap((tensor) => makers.get(tensor) ?? []);
	for (let node = look.pop(); node; node = look.pop()) {
		if (found.has(node)) continue;
		found.add(node);
		for (const input of node.inputs) {
			const maker = input && makers.get(input);
			if (maker) look.push(maker);
		}
	}
	return found;
}

test.each<[string, Partial<TrainingConfig>]>([
	['the default', {}],
	['without amsgrad', { amsgrad: false }],
	['softmax attention', { mixer: { kind: 'softmax', neighbour: 0 } }],
	['convolutions', { mixer: { kind: 'conv', kernel: 5 } }],
	['the reduced bottleneck', { bottleneck: 'reduced' }],
	['jitter', { noise: { kind: 'jitter', scale: 20 } }],
	['images in chunks', { imageSize: 128, cropSize: 128, batchSize: 8 }],
])('%s: all that reads a tensor of the state comes before its new value', (_, overrides) => {
	const { graph, state } = build(overrides).step;
	expect(state.length).toBeGreaterThan(100);
	const alive = makersOf(graph, graph.outputs.values());
	for (const { name } of state) {
		const input = graph.inputs.get(name)!;
		const output = graph.outputs.get(nextName(name))!;
		const last = graph.nodes.find(({ outputs }) => outputs.includes(output))!;
		const before = makersOf(graph, [output]);
		const readers = [...alive].filter(({ inputs }) => inputs.includes(input));
		expect(readers.length).toBeGreaterThan(0);
		for (const reader of readers) expect(before.has(reader)).toBe(true);
		// The last one itself reads and writes value by value.
		if (readers.includes(last)) {
			expect(['Max', 'Add', 'Sub', 'Mul']).toContain(last.opType);
			expect(last.outputs[0].shape).toEqual(input.shape);
		}
	}
});

test('steps that write the state where they read it give the same, bit for bit, as with buffers of their own', async () => {
	const { step, config } = build();
	const random = createRandom(3);
	const drawn = (shape: readonly number[], draw: (data: Float32Array) => void): Value => {
		const data = new Float32Array(shape.reduce((product, extent) => product * extent, 1));
		draw(data);
		return { dtype: 'float32', shape, data };
	};
	const scalar = (value: number): Value => ({
		dtype: 'float32',
		shape: [],
		data: Float32Array.of(value),
	});
	const parameters = initialParameters(parameterSpecs(config, DIMS), createRandom(1));
	const fresh = (): Map<string, Value> =>
		new Map(
			step.state.map(({ name, shape }) => [
				name,
				drawn(shape, (data) => {
					const initial = parameters.get(name.replace(/\.value$/, ''));
					if (name.endsWith('.value') && initial) data.set(initial);
				}),
			]),
		);
	const shape = [IMAGES, tokenLayout(config, DIMS).encoderTokens, DIMS.dim];
	const features = Array.from({ length: config.groups }, (_, k): [string, Value] => [
		`feature${k}`,
		drawn(shape, (data) => {
			random.fillNormal(data);
		}),
	]);
	const session = await Session.create(serialise(step.graph), { device: 'cpu', threads: 2 });
	const run = async (
		state: Map<string, Value>,
		into: Map<string, Value>,
		iteration: number,
	): Promise<number> => {
		const noise = createRandom(iteration);
		const { loss } = await session.run(
			{
				...Object.fromEntries(features),
				...Object.fromEntries(state),
				...Object.fromEntries(
					step.noise.map(({ name, shape: own }) => [
						name,
						drawn(own, (data) => {
							for (let i = 0; i < data.length; i++) data[i] = noise.next() < 0.2 ? 0 : 1.25;
						}),
					]),
				),
				learningRate: scalar(2e-3),
				firstCorrection: scalar(1 - 0.9 ** iteration),
				secondCorrection: scalar(Math.sqrt(1 - 0.999 ** iteration)),
				rank: { dtype: 'int64', shape: [], data: BigInt64Array.of(3n) },
			},
			{
				...Object.fromEntries([...into].map(([name, value]) => [nextName(name), value])),
				loss: null,
			},
		);
		return Number(loss.data[0]);
	};
	const inPlace = fresh();
	let [apart, other] = [fresh(), fresh()];
	for (let iteration = 1; iteration <= 3; iteration++) {
		const expected = await run(apart, other, iteration);
		[apart, other] = [other, apart];
		expect(await run(inPlace, inPlace, iteration)).toBe(expected);
		for (const [name, { data }] of inPlace) expect(data).toEqual(apart.get(name)?.data);
	}
	expect(inPlace.get('bottleneck.fc1.weight.value')?.data).not.toEqual(
		parameters.get('bottleneck.fc1.weight'),
	);
	await session.release();
});
