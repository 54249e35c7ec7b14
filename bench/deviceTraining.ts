/**
 * Training steps on a device, features given: how long they take, and how far losses and weights lie from the CPU's.
 *
 * Usage: node dist/bench/deviceTraining.js [--device webgpu] [--layout "ViT-S reg4"] [--crop 224] [--batch 16] [--steps 20] [--beside 3]
 * `--beside` is the number of steps that the CPU takes beside it; 0: none. Fails where the device is not there.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { DeviceName } from '../src/runtime/device';
import { estimateTraining } from '../src/training/estimate';
import { openBenchEncoder } from './support/layouts';
import { relativeError } from './support/relativeError';
import { Report, spreadOf } from './support/report';
import { millisecondsOf } from './support/timing';
import { openStep } from './support/trainingCase';

const { values } = parseArgs({
	options: {
		device: { type: 'string', default: 'webgpu' },
		layout: { type: 'string', default: 'ViT-S reg4' },
		crop: { type: 'string', default: '224' },
		batch: { type: 'string', default: '16' },
		steps: { type: 'string', default: '20' },
		beside: { type: 'string', default: '3' },
	},
});

type Parameters = ReadonlyMap<string, { readonly data: Float32Array }>;

void main();

async function main(): Promise<void> {
	const { device, layout, crop, batch } = values;
	const [steps, beside] = [Number(values.steps), Number(values.beside)];
	const report = new Report('device training');
	const { dims } = await openBenchEncoder(layout);
	const what = `training step, ${layout}, ${crop} px, batch ${batch}`;
	const open = (name: DeviceName) =>
		openStep(dims, {
			cropSize: Number(crop),
			batchSize: Number(batch),
			session: { device: name, requireDevice: true, threads: availableParallelism() },
		});

	const { trainer, config } = await open(device as DeviceName);
	const first = await millisecondsOf(() => trainer.advance());
	report.figure({ what: `${what}, ${device}: the first`, unit: 'ms', value: spreadOf([first]) });
	for (let step = 1; step < beside; step++) await trainer.advance();
	const found = beside > 0 ? await trainer.parameters() : new Map<string, { data: Float32Array }>();
	const times: number[] = [];
	for (let step = 0; step < steps; step++) times.push(await millisecondsOf(() => trainer.advance()));
	const { stepFlops } = estimateTraining(config, dims);
	report.figure({ what: `${what}, ${device}`, unit: 'ms', value: spreadOf(times) });
	report.figure({
		what: `${what}, ${device}`,
		unit: 'images/s',
		value: spreadOf(times.map((ms) => (1000 * config.batchSize) / ms)),
	});
	report.figure({
		what: `${what}, ${device}: matrix work`,
		unit: 'TFLOP/s',
		value: spreadOf(times.map((ms) => stepFlops / ms / 1e9)),
	});
	await trainer.release();

	if (beside > 0) {
		const { trainer: cpu } = await open('cpu');
		const cpuTimes: number[] = [];
		for (let step = 0; step < beside; step++) cpuTimes.push(await millisecondsOf(() => cpu.advance()));
		report.figure({ what: `${what}, cpu`, unit: 'ms', value: spreadOf(cpuTimes) });
		const loss = relativeError(trainer.losses.slice(0, beside), cpu.losses);
		const after = `after ${String(beside)} steps against the CPU, relative`;
		report.figure({ what: `${what}: losses ${after}`, unit: '', value: spreadOf([loss]) });
		const weights = distanceOf(found, await cpu.parameters());
		report.figure({ what: `${what}: weights ${after}`, unit: '', value: spreadOf([weights]) });
		await cpu.release();
	}
	report.end();
}

/** Of all weights together. */
function distanceOf(found: Parameters, expected: Parameters): number {
	let [squares, total] = [0, 0];
	for (const [name, { data }] of expected) {
		const other = found.get(name)?.data;
		if (other?.length !== data.length) throw new Error(`Expected ${name} among the weights, found none`);
		for (let i = 0; i < data.length; i++) {
			squares += (other[i] - data[i]) ** 2;
			total += data[i] ** 2;
		}
	}
	return Math.sqrt(squares / total);
}
