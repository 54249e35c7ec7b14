import { DinomalyError } from '../../src/errors';
import type { LossName, ModelConfig } from '../../src/model/config';
import { parameterSpecs } from '../../src/model/parameters';
import { buildScoring } from '../../src/model/scoringGraph';
import { buildTrainingStep, nextName, type TrainingStep } from '../../src/model/trainingStep';
import { REFERENCE_MODEL, REFERENCE_OPTIMISER, TINY_DIMS } from '../support/goldenModel';

const LOSSES: readonly LossName[] = [
	'globalCosine',
	'globalCosineDeviation',
	'globalCosineFocal',
	'regionalCosine',
	'regionalCosineHardest',
	'regionalCosineFocal',
	'regionalCosineSum',
];

function build(config: ModelConfig, loss?: LossName): TrainingStep {
	const optimiser = { ...REFERENCE_OPTIMISER, loss };
	const parameters = parameterSpecs(config, TINY_DIMS);
	return buildTrainingStep({
		config,
		optimiser,
		dims: TINY_DIMS,
		parameters,
		images: 2,
		featureType: 'float16',
	});
}

describe('the training step graph', () => {
	test.each(LOSSES)('with the loss %s reaches every parameter', (loss) => {
		const { graph, state } = build(REFERENCE_MODEL, loss);
		for (const { name, shape } of state) expect(graph.outputs.get(nextName(name))?.shape).toEqual(shape);
	});

	test("without a loss has the paper's", () => {
		const nodes = build(REFERENCE_MODEL).graph.nodes.map(({ opType }) => opType);
		expect(nodes).toEqual(build(REFERENCE_MODEL, 'globalCosine').graph.nodes.map(({ opType }) => opType));
	});

	test('names its noise inputs: three dropout factors, or one of normal numbers', () => {
		const rows = 2 * 21;
		const dropout = build({ ...REFERENCE_MODEL, noise: { kind: 'dropout', rate: 0.2 } }).noise;
		expect(dropout.map(({ name, kind, shape }) => [name, kind, shape])).toEqual([
			['keepInput', 'dropout', [rows, 32]],
			['keepHidden', 'dropout', [rows, 128]],
			['keepOutput', 'dropout', [rows, 32]],
		]);
		const jitter = build({ ...REFERENCE_MODEL, noise: { kind: 'jitter', scale: 20 } }).noise;
		expect(jitter.map(({ name, kind, shape }) => [name, kind, shape])).toEqual([
			['jitter', 'normal', [rows, 32]],
		]);
		expect(build(REFERENCE_MODEL).noise).toEqual([]);
	});

	test('without hard mining has no rank among its inputs', () => {
		const parameters = parameterSpecs(REFERENCE_MODEL, TINY_DIMS);
		const spec = {
			config: REFERENCE_MODEL,
			dims: TINY_DIMS,
			parameters,
			images: 2,
			featureType: 'float32',
		} as const;
		const mined = buildTrainingStep({ ...spec, optimiser: REFERENCE_OPTIMISER });
		const plain = buildTrainingStep({
			...spec,
			optimiser: { ...REFERENCE_OPTIMISER, hardMining: false },
		});
		expect(mined.graph.inputs.has('rank')).toBe(true);
		expect(plain.graph.inputs.has('rank')).toBe(false);
	});
});

test('scoring without one of the weights fails with its name', () => {
	const spec = { config: REFERENCE_MODEL, dims: TINY_DIMS, parameters: new Map(), images: 1 };
	expect(() => buildScoring(spec)).toThrow('bottleneck.fc1.weight');
	expect(() => buildScoring(spec)).toThrow(DinomalyError);
});
