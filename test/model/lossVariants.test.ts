import { Graph, gradients } from '../../src/graph';
import type { LossName } from '../../src/model/config';
import { distanceAtRank, pointDistance } from '../../src/model/loss';
import { reconstructionLoss } from '../../src/model/lossVariants';
import { hardMiningRank } from '../../src/model/schedule';
import type { Value } from '../../src/runtime/session';
import { describeGolden } from '../support/golden';
import { floatsOf, openGolden, patchesFirst, type Golden } from '../support/goldenModel';
import { floats, maxDifference, relativeError, runGraph } from '../support/run';

const LOSS_TOLERANCE = 3e-7;
const GRADIENT_TOLERANCE = 2e-6;

interface Mined {
	readonly share: number;
	readonly factor: number;
}

/** Our loss, how it mines, and what the golden file calls it. */
const CASES: readonly (readonly [LossName, Mined | null, string])[] = [
	['globalCosine', null, 'global_cosine'],
	...[0, 0.3, 0.5, 0.9].flatMap((share) =>
		[0, 0.1].map(
			(factor) =>
				[
					'globalCosine',
					{ share, factor },
					`global_cosine_hm_percent_p${share.toFixed(1)}_f${factor.toFixed(1)}`,
				] as const,
		),
	),
	['globalCosineDeviation', { share: 0, factor: 0.1 }, 'global_cosine_hm_a1_f0.1'],
	['globalCosineFocal', { share: 0.9, factor: 0 }, 'global_cosine_focal_p0.9_a2'],
	['regionalCosine', { share: 0.9, factor: 0.1 }, 'regional_cosine_hm_percent_p0.9_f0.1'],
	['regionalCosineHardest', { share: 0.9, factor: 0 }, 'regional_cosine_hm_p0.9'],
	['regionalCosineFocal', { share: 0.9, factor: 0 }, 'regional_cosine_focal_p0.9_a2'],
	['regionalCosineSum', null, 'region_cosine'],
];

interface Maps {
	readonly en: readonly Float32Array[];
	readonly de: readonly Float32Array[];
	/** (patches, images, D) */
	readonly shape: readonly number[];
}

function mapsOf(golden: Golden, set: string): Maps {
	const groups = golden.names.filter((name) => name.startsWith(`${set}.en_`)).length;
	const [images, dim, height, width] = golden.shape(`${set}.en_0`);
	const all = (side: string): Float32Array[] =>
		Array.from({ length: groups }, (_, k) =>
			patchesFirst(golden.floats(`${set}.${side}_${k}`), [images, dim, height, width]),
		);
	return { en: all('en'), de: all('de'), shape: [height * width, images, dim] };
}

async function lossAndGradients(
	name: LossName,
	mined: Mined | null,
	{ en, de, shape }: Maps,
): Promise<Record<string, Value>> {
	const graph = new Graph();
	const feeds: Record<string, Value> = {};
	const declare = (key: string, data: Float32Array) => {
		feeds[key] = floats(data, shape);
		return graph.input(key, 'float32', shape);
	};
	const targets = en.map((data, k) => declare(`en${k}`, data));
	const reconstructions = de.map((data, k) => declare(`de${k}`, data));
	const rank = graph.input('rank', 'int64', []);
	feeds.rank = rankValue(hardMiningRank(shape[0] * shape[1], mined?.share ?? 0));
	const mining = mined && { rank, factor: mined.factor };
	const loss = reconstructionLoss(name, { targets, reconstructions, mining });
	graph.output('loss', loss);
	gradients(loss, reconstructions).forEach((gradient, k) => {
		graph.output(`gradient${k}`, gradient!);
	});
	return runGraph(graph, feeds);
}

function rankValue(rank: number): Value {
	return { dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(rank)) };
}

function expectClose(outputs: Record<string, Value>, golden: Golden, set: string, prefix: string): void {
	expect(Math.abs(floatsOf(outputs.loss)[0] - golden.number(`${prefix}.loss`))).toBeLessThan(
		LOSS_TOLERANCE,
	);
	const groups = golden.names.filter((name) => name.startsWith(`${prefix}.grad_`)).length;
	expect(groups).toBeGreaterThan(0);
	for (let k = 0; k < groups; k++) {
		const expected = patchesFirst(golden.floats(`${prefix}.grad_${k}`), golden.shape(`${set}.en_${k}`));
		expect(relativeError(floatsOf(outputs[`gradient${k}`]), expected)).toBeLessThan(GRADIENT_TOLERANCE);
	}
}

describeGolden('losses agree with the reference', () => {
	let golden: Golden;
	beforeAll(async () => {
		golden = await openGolden('losses');
	});

	describe.each(['s', 'm', 'r'])('maps %s', (set) => {
		test.each(CASES)('%s with %o is %s', async (name, mined, theirs) => {
			const outputs = await lossAndGradients(name, mined, mapsOf(golden, set));
			expectClose(outputs, golden, set, `${set}.${theirs}`);
		});
	});

	test('points that tie with the threshold stay hard', async () => {
		const maps = mapsOf(golden, 'tie');
		const outputs = await lossAndGradients('globalCosine', { share: 0.9, factor: 0.1 }, maps);
		expect(Math.abs(floatsOf(outputs.loss)[0] - golden.number('tie.loss'))).toBeLessThan(LOSS_TOLERANCE);
		const expected = patchesFirst(golden.floats('tie.grad_0'), golden.shape('tie.en_0'));
		// Points 0 to 7 are opposite to their targets, a distance of 2; the reference's rounding put two of them below the others.
		const [, , dim] = maps.shape;
		for (let i = 2 * dim; i < 4 * dim; i++) expected[i] *= 10;
		expect(relativeError(floatsOf(outputs.gradient0), expected)).toBeLessThan(GRADIENT_TOLERANCE);
	});

	test('the cosine with a zero vector is 0, not NaN', async () => {
		const { en, de, shape } = mapsOf(golden, 'zero');
		const graph = new Graph();
		const a = graph.input('a', 'float32', shape);
		const b = graph.input('b', 'float32', shape);
		graph.output('distance', pointDistance(a, b));
		const { distance } = await runGraph(graph, { a: floats(en[0], shape), b: floats(de[0], shape) });
		const cosines = floatsOf(distance).map((value) => 1 - value);
		expect(maxDifference(cosines, golden.floats('zero.cos'))).toBeLessThan(2e-7);
		expect(golden.floats('zero.cos')).toContain(0);
	});

	test.each(['model_la', 'model_softmax_mask3', 'model_la_8groups'])(
		'%s: the threshold of hard mining',
		async (file) => {
			const model = await openGolden(file);
			const { hm_k: kept } = JSON.parse(model.metadata.config) as { hm_k: number };
			for (let k = 0; model.names.includes(`hm_thresh_${k}`); k++) {
				const distances = model.floats(`point_dist_${k}`);
				const graph = new Graph();
				const distance = graph.input('distance', 'float32', [distances.length]);
				graph.output('threshold', distanceAtRank(distance, graph.input('rank', 'int64', [])));
				const rank = hardMiningRank(distances.length, 0.9);
				expect(rank).toBe(kept - 1);
				const { threshold } = await runGraph(graph, {
					distance: floats(distances, [distances.length]),
					rank: rankValue(rank),
				});
				expect(floatsOf(threshold)).toEqual(model.floats(`hm_thresh_${k}`));
			}
		},
	);

	test('numbers of points that stay hard', () => {
		const table = JSON.parse(golden.metadata.topk_counts_int_n_times_1_minus_p) as Record<
			string,
			Record<string, number>
		>;
		for (const [points, counts] of Object.entries(table)) {
			for (const [share, count] of Object.entries(counts)) {
				// The reference fails with none; at least one stays hard here.
				expect(hardMiningRank(Number(points), Number(share)) + 1).toBe(Math.max(1, count));
			}
		}
	});
});

describe('losses', () => {
	const shape = [4, 1, 2];
	const en = [Float32Array.of(1, 0, 1, 0, 1, 0, 1, 0)];
	/** Cosines 1, 0, -1 and 1 with the targets. */
	const de = [Float32Array.of(2, 0, 0, 2, -2, 0, 2, 0)];

	test('the global cosine of an image is one cosine over all of its numbers', async () => {
		const { loss } = await lossAndGradients('globalCosine', null, { en, de, shape });
		expect(floatsOf(loss)[0]).toBeCloseTo(1 - 2 / (2 * 4), 6);
	});

	test('the regional cosine is the mean over points', async () => {
		const { loss } = await lossAndGradients('regionalCosine', null, { en, de, shape });
		expect(floatsOf(loss)[0]).toBeCloseTo((0 + 1 + 2 + 0) / 4, 6);
	});

	test('hard mining scales gradients at easier points and nothing else', async () => {
		const plain = await lossAndGradients('globalCosine', null, { en, de, shape });
		const mined = await lossAndGradients('globalCosine', { share: 0.5, factor: 0.1 }, { en, de, shape });
		expect(floatsOf(mined.loss)).toEqual(floatsOf(plain.loss));
		const factors = [0.1, 0.1, 1, 1, 1, 1, 0.1, 0.1];
		const expected = floatsOf(plain.gradient0).map((value, i) => value * factors[i]);
		expect(maxDifference(floatsOf(mined.gradient0), expected)).toBeLessThan(1e-7);
	});

	test.each<LossName>(['globalCosine', 'regionalCosine'])(
		'%s of a blank reconstruction is 1 and its gradient finite',
		async (name) => {
			const blank = [new Float32Array(8)];
			const outputs = await lossAndGradients(
				name,
				{ share: 0.5, factor: 0.1 },
				{ en, de: blank, shape },
			);
			expect(floatsOf(outputs.loss)[0]).toBe(1);
			expect(floatsOf(outputs.gradient0).every(Number.isFinite)).toBe(true);
		},
	);

	test('of equally hard points none is scaled down', async () => {
		const tied = [Float32Array.of(-1, 0, 0, 2, -1, 0, 2, 0)];
		const plain = await lossAndGradients('globalCosine', null, { en, de: tied, shape });
		const mined = await lossAndGradients(
			'globalCosine',
			{ share: 0.75, factor: 0 },
			{ en, de: tied, shape },
		);
		const expected = floatsOf(plain.gradient0).map((value, i) => ([0, 1, 4, 5].includes(i) ? value : 0));
		expect(maxDifference(floatsOf(mined.gradient0), expected)).toBeLessThan(1e-7);
	});

	test.each<LossName>(['globalCosine', 'globalCosineDeviation', 'globalCosineFocal'])(
		'%s without mining is the plain cosine',
		async (name) => {
			const plain = await lossAndGradients('globalCosine', null, { en, de, shape });
			const { loss } = await lossAndGradients(name, null, { en, de, shape });
			expect(floatsOf(loss)).toEqual(floatsOf(plain.loss));
		},
	);
});
