import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { judgeDrift } from '../../src/evaluation/drift/judge';
import { driftReference, type DriftReference } from '../../src/evaluation/drift/reference';
import type { ImageStatistics } from '../../src/imaging/statistics';
import type { Random } from '../../src/random';
import { readCalibration } from '../../src/store/calibration';
import type { OpenedModel } from '../../src/store/modelStore';
import { sampleCalibration } from '../store/sampleModel';
import { fuzz } from './support/fuzz';
import { mutateJsonText, pick } from './support/mutate';

const folder = mkdtempSync(path.join(tmpdir(), 'dinomaly-fuzz-drift-'));
afterAll(() => {
	rmSync(folder, { recursive: true, force: true });
});

const NUMBERS = [0, -0, 1, -1, 0.1, 5e-324, 1e308, -1e308, Number.MAX_SAFE_INTEGER, NaN, Infinity, -Infinity];
const BOLT = { width: 640, height: 480 };
const REFERENCE: DriftReference = {
	category: 'bolt',
	categories: 2,
	scores: steps(60),
	threshold: 0.5,
	thresholdBasis: 'at most 1 % false alarms',
	images: { brightness: steps(60), contrast: steps(60), sharpness: steps(60), sizes: [BOLT] },
};
const CALIBRATION = {
	...sampleCalibration(),
	images: { bolts: { brightness: [0.1, 0.2], contrast: [0.1, 0.2], sharpness: [0.1, 0.2], sizes: [BOLT] } },
};
const CARD = { categories: [{ name: 'bolts' }, { name: 'nuts' }] };

fuzz('scores and measures held against a calibration', {
	input: (random) => ({ scores: anyNumbers(random), statistics: anyStatistics(random) }),
	parse: (recent) => {
		checkReport(judgeDrift(recent, REFERENCE));
	},
	show: (recent) =>
		JSON.stringify(recent, (_, value: unknown) => (typeof value === 'number' ? String(value) : value)),
	share: 2,
});
fuzz('calibration that images are held against', {
	input: (random) => mutateJsonText(CALIBRATION, random),
	parse: async (bytes) => {
		writeFileSync(path.join(folder, 'calibration.json'), bytes);
		const calibration = await readCalibration(folder);
		const model = { card: CARD, calibration, name: 'bolts', version: '1' } as unknown as OpenedModel;
		for (const category of [null, 'bolts', 'nuts'])
			checkReport(judgeDrift({ scores: steps(30), statistics: [] }, driftReference(model, category)));
	},
	show: (bytes) => Buffer.from(bytes).toString().slice(0, 3000),
	share: 2,
});

/** A report is read by people and by workflows: it may hold no number that JSON cannot say. */
function checkReport(report: unknown): void {
	JSON.stringify(report, (field, value: unknown) => {
		if (typeof value === 'number' && !Number.isFinite(value))
			throw new Error(`Expected a finite "${field}", found ${value}`);
		return value;
	});
}

function steps(count: number): number[] {
	return Array.from({ length: count }, (_, i) => (i + 1) / (count + 1));
}

/** None, few, all alike, or many, with one to three of them replaced by the ends of number ranges. */
function anyNumbers(random: Random): number[] {
	const numbers = steps(pick(random, [0, 1, 9, 30, 300]));
	if (random.integer(4) === 0) numbers.fill(pick(random, NUMBERS));
	for (let edits = random.integer(4); edits > 0 && numbers.length > 0; edits--)
		numbers[random.integer(numbers.length)] = pick(random, NUMBERS);
	return numbers;
}

function anyStatistics(random: Random): ImageStatistics[] {
	const [contrast, sharpness] = [anyNumbers(random), anyNumbers(random)];
	return anyNumbers(random).map((brightness, i) => ({
		brightness,
		contrast: contrast[i] ?? 0.5,
		sharpness: sharpness[i] ?? 0.5,
		...(random.integer(20) === 0 ? { width: pick(random, NUMBERS), height: 1 } : BOLT),
	}));
}
