/**
 * Whole trainings of photographs on disk: encoding (the first time that images are seen), steps after that, and a second training on the
 * same images, which takes their features from the cache.
 *
 * Usage: node dist/bench/wholeTraining.js [encoder] [crop] [images] [iterations]
 */
import type { TrainProgress } from '../src/training/request';
import { trainModel } from '../src/training/train';
import { THREADS } from './support/cases';
import { withDrawnData, type DrawnData } from './support/drawnData';
import { Report, spreadOf } from './support/report';

const BATCH = 16;

const [encoder = 'descriptors', crop = '224', images = '64', iterations = '20'] = process.argv.slice(2);

void withDrawnData(Number(images), async (drawn) => {
	const report = new Report('whole training');
	const what = `${encoder}, ${crop} px, ${images} images`;
	const first = await train(drawn, 'first');
	report.figure({ what: `${what}: encoding, first time`, unit: 'images/s', value: first.encoding });
	report.figure({ what: `${what}: first step after`, unit: 's', value: first.toFirstStep });
	report.figure({ what: `${what}: steps of ${BATCH}`, unit: 'images/s', value: first.steps });
	const second = await train(drawn, 'second');
	report.figure({ what: `${what}: features from the cache`, unit: 'images/s', value: second.encoding });
	report.figure({ what: `${what}: first step after, second time`, unit: 's', value: second.toFirstStep });
	report.figure({
		what: `${what}: reading the cache as a share of a step`,
		unit: '%',
		value: spreadOf([(100 * second.steps.median) / second.encoding.median]),
	});
	report.end();
});

interface Rates {
	readonly encoding: ReturnType<typeof spreadOf>;
	readonly steps: ReturnType<typeof spreadOf>;
	readonly toFirstStep: ReturnType<typeof spreadOf>;
}

async function train({ data, store }: DrawnData, model: string): Promise<Rates> {
	const started = performance.now();
	const steps: number[] = [];
	let encoding = 0;
	let firstStep = 0;
	let last = 0;
	const onProgress = ({ phase, done, total, imagesPerSecond }: TrainProgress): void => {
		if (phase === 'encoding' && done === total && imagesPerSecond !== undefined)
			encoding = imagesPerSecond;
		if (phase !== 'training') return;
		const now = performance.now();
		if (done === 1) firstStep = (now - started) / 1000;
		else steps.push(BATCH / ((now - last) / 1000));
		last = now;
	};
	const side = Number(crop);
	await trainModel(
		{
			...{ store, data, model, encoder, device: 'cpu', threads: THREADS },
			overrides: {
				imageSize: side,
				cropSize: side,
				batchSize: BATCH,
				iterations: Number(iterations),
			},
			calibrationShare: 0,
		},
		{ signal: new AbortController().signal, onProgress },
	);
	return {
		encoding: spreadOf([encoding]),
		steps: spreadOf(steps),
		toFirstStep: spreadOf([firstStep]),
	};
}
