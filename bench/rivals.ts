/**
 * The same training step in TensorFlow.js, which a Node.js developer would pick otherwise, and in ours, in turns and in one process: the
 * TensorFlow.js that is installed, plain JavaScript unless tfjs-node is there.
 *
 * Usage: node dist/bench/rivals.js [crop] [batch] [steps]
 */
import { openBenchEncoder } from './support/layouts';
import { Report, spreadOf } from './support/report';
import { millisecondsOf } from './support/timing';
import { openStep } from './support/trainingCase';

/** Of DeiT-Tiny's width and heads: a ViT-S step would take plain TensorFlow.js many minutes. */
const LAYOUT = 'embedded';

const [crop = '112', batch = '2', steps = '3'] = process.argv.slice(2);

void main();

async function main(): Promise<void> {
	const report = new Report('rivals');
	const size = { cropSize: Number(crop), batchSize: Number(batch) };
	const { dims } = await openBenchEncoder(LAYOUT);
	const { trainer: ours } = await openStep(dims, size);
	const { trainer: theirs } = await openStep(dims, { ...size, backend: 'tfjs' });
	const [inOurs, inTheirs, gains]: [number[], number[], number[]] = [[], [], []];
	let difference = 0;
	for (let step = 0; step <= Number(steps); step++) {
		const our = await millisecondsOf(() => ours.advance());
		const their = await millisecondsOf(() => theirs.advance());
		difference = Math.max(difference, Math.abs(ours.losses[step] / theirs.losses[step] - 1));
		if (step === 0) continue;
		inOurs.push(our);
		inTheirs.push(their);
		gains.push(their / our);
	}
	const what = `training step, width ${dims.dim}, ${crop} px, batch ${batch}`;
	report.figure({ what: `${what}, ONNX Runtime`, unit: 'ms', value: spreadOf(inOurs) });
	report.figure({ what: `${what}, ${theirs.device}`, unit: 'ms', value: spreadOf(inTheirs) });
	report.figure({ what: `${what}: theirs against ours`, unit: 'times', value: spreadOf(gains) });
	report.figure({ what: 'largest relative difference of a loss', unit: '', value: spreadOf([difference]) });
	await ours.release();
	report.end();
}
