/**
 * The training step against the machine's own matrix rate, features given.
 * Usage: node dist/bench/training.js [layout] [crop] [batch] [steps]
 */
import { tokenLayout } from '../src/model/layout';
import { estimateTraining } from '../src/training/estimate';
import { resolveConfig } from '../src/training/config';
import { Trainer } from '../src/training/trainer';
import { randomEncoder } from './support/layouts';
import { MatrixProduct } from './support/matrixProduct';
import { milliseconds, peakMemoryGb, printMachine, spreadOf } from './support/report';

const THREADS = 2;

void main(
	process.argv[2] ?? 'ViT-S reg4',
	Number(process.argv[3] ?? 224),
	Number(process.argv[4] ?? 16),
	Number(process.argv[5] ?? 9),
);

async function main(layout: string, cropSize: number, batchSize: number, steps: number): Promise<void> {
	printMachine();
	const { dims } = randomEncoder(layout);
	const config = resolveConfig('fast', dims.patch, {
		imageSize: cropSize,
		cropSize,
		batchSize,
		iterations: 600,
	});
	const length = config.groups * tokenLayout(config, dims).encoderTokens * dims.dim;
	const images = Array.from({ length: batchSize }, (_, i) =>
		Uint16Array.from({ length }, (__, j) => 0x3000 + (((i + 1) * (j + 7) * 2654435761) % 0xc00)),
	);
	const product = await MatrixProduct.create(THREADS);
	const trainer = await Trainer.create(
		{ config, dims, seed: 1, session: { device: 'cpu', threads: THREADS } },
		{ count: batchSize, get: (index) => Promise.resolve(images[index]) },
	);
	const flops = estimateTraining(config, dims).stepFlops;
	const times: number[] = [];
	const rates: number[] = [];
	const shares: number[] = [];
	await trainer.advance();
	for (let step = 0; step < steps; step++) {
		const before = await product.rate();
		const start = performance.now();
		await trainer.advance();
		const ms = performance.now() - start;
		const rate = (before + (await product.rate())) / 2;
		times.push(ms);
		rates.push(rate / 1e9);
		shares.push((100 * flops) / (ms / 1000) / rate);
	}
	console.log(
		`step     ${layout}, ${cropSize} px, batch ${batchSize}: ${milliseconds(spreadOf(times))}, ${(flops / 1e9).toFixed(0)} GFLOP of matrix work`,
	);
	console.log(`product  ${spreadOf(rates).median.toFixed(0)} GFLOP/s`);
	console.log(
		`share    ${spreadOf(shares).median.toFixed(1)} % of the product's rate (${spreadOf(shares).least.toFixed(1)} to ${spreadOf(shares).most.toFixed(1)})`,
	);
	console.log(`memory   ${peakMemoryGb()?.toFixed(2) ?? '?'} GB at most`);
}
