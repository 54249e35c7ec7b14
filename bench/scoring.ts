/**
 * Scoring one image (encoder, decoder, map, score) against the machine's own matrix rate; pixels given.
 * Usage: node dist/bench/scoring.js [layout] [crop] [runs]
 */
import { Encoder } from '../src/encoding/encoder';
import { tokenLayout, type EncoderDims } from '../src/model/layout';
import { initialParameters, parameterCount, parameterSpecs } from '../src/model/parameters';
import { createRandom } from '../src/random';
import { Scorer } from '../src/scoring/scorer';
import { resolveConfig } from '../src/training/config';
import { randomEncoder } from './support/layouts';
import { MatrixProduct } from './support/matrixProduct';
import { milliseconds, peakMemoryGb, printMachine, spreadOf } from './support/report';

const THREADS = 2;

void main(process.argv[2] ?? 'ViT-S reg4', Number(process.argv[3] ?? 392), Number(process.argv[4] ?? 25));

async function main(layout: string, cropSize: number, runs: number): Promise<void> {
	printMachine();
	const encoderFile = randomEncoder(layout);
	const { dims } = encoderFile;
	const config = resolveConfig('fast', dims.patch, { imageSize: cropSize, cropSize });
	const session = { device: 'cpu', threads: THREADS } as const;
	const specs = parameterSpecs(config, dims);
	const initial = initialParameters(specs, createRandom(1));
	const parameters = new Map(
		specs.map(({ name, shape }) => [name, { data: initial.get(name) ?? new Float32Array(), shape }]),
	);
	const encoder = await Encoder.load(encoderFile, config, session);
	const scorer = await Scorer.load(config, dims, parameters, session);
	const product = await MatrixProduct.create(THREADS);
	const image = {
		width: cropSize,
		height: cropSize,
		channels: 3 as const,
		data: Uint8Array.from({ length: 3 * cropSize * cropSize }, (_, i) => (i * 31) % 256),
	};

	const { encoderTokens } = tokenLayout(config, dims);
	const flops = encoderFlops(dims, encoderTokens) + 2 * parameterCount(specs) * encoderTokens;
	const times: number[] = [];
	const shares: number[] = [];
	const rates: number[] = [];
	await scorer.score(await encoder.features(image));
	for (let run = 0; run < runs; run++) {
		const before = await product.rate();
		const start = performance.now();
		await scorer.score(await encoder.features(image));
		const ms = performance.now() - start;
		const rate = (before + (await product.rate())) / 2;
		times.push(ms);
		rates.push(rate / 1e9);
		shares.push((100 * flops) / (ms / 1000) / rate);
	}
	console.log(
		`score    ${layout}, ${cropSize} px, batch 1: ${milliseconds(spreadOf(times))}, ${(flops / 1e9).toFixed(1)} GFLOP of matrix work`,
	);
	console.log(`product  ${spreadOf(rates).median.toFixed(0)} GFLOP/s`);
	console.log(
		`share    ${spreadOf(shares).median.toFixed(1)} % of the product's rate (${spreadOf(shares).least.toFixed(1)} to ${spreadOf(shares).most.toFixed(1)})`,
	);
	console.log(`memory   ${peakMemoryGb()?.toFixed(2) ?? '?'} GB at most`);
}

/** Matrix work of the encoder's blocks and patch embedding: 24 N D^2 per block for the layers, 4 N^2 D for attention. */
function encoderFlops({ dim, patch, targetLayers }: EncoderDims, tokens: number): number {
	const blocks = targetLayers[targetLayers.length - 1] + 1;
	return (
		blocks * (24 * tokens * dim * dim + 4 * tokens * tokens * dim) + 2 * tokens * dim * 3 * patch * patch
	);
}
