/**
 * The training step against the machine's own matrix rate, features given.
 * Usage: node dist/bench/training.js [layout] [crop] [batch] [steps]
 */
import { estimateTraining } from '../src/training/estimate';
import { THREADS } from './support/cases';
import { openBenchEncoder } from './support/layouts';
import { MatrixProduct } from './support/matrixProduct';
import { Report } from './support/report';
import { timeBesideProduct } from './support/timing';
import { openStep } from './support/trainingCase';

void main(
	process.argv[2] ?? 'ViT-S reg4',
	Number(process.argv[3] ?? 224),
	Number(process.argv[4] ?? 16),
	Number(process.argv[5] ?? 9),
);

async function main(layout: string, cropSize: number, batchSize: number, steps: number): Promise<void> {
	const report = new Report('training step');
	const { dims } = await openBenchEncoder(layout);
	const product = await MatrixProduct.create(THREADS);
	const { trainer, config } = await openStep(dims, { cropSize, batchSize });
	const { stepFlops } = estimateTraining(config, dims);
	const timed = await timeBesideProduct(product, () => trainer.advance(), {
		runs: steps,
		flops: stepFlops,
	});
	report.figure({
		what: `training step, ${layout}, ${cropSize} px, batch ${batchSize}`,
		unit: 'ms',
		value: timed.time,
		share: timed.share,
		productRate: timed.productRate,
	});
	await trainer.release();
	report.end();
}
