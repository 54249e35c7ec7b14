import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { UnfinishedTraining } from '../../src/store/unfinishedTraining';
import { resolveConfig } from '../../src/training/config';
import { checkPlan, isSamePlan, type TrainingPlan } from '../../src/training/plan';
import { fuzz } from './support/fuzz';
import { mutateJsonText } from './support/mutate';

const folder = mkdtempSync(path.join(tmpdir(), 'dinomaly-fuzz-training-'));
afterAll(() => {
	rmSync(folder, { recursive: true, force: true });
});

const training = { folder } as UnfinishedTraining;
const PLAN: TrainingPlan = {
	config: resolveConfig('fast', 14, { iterations: 10, tiling: undefined }),
	encoderSha256: 'a'.repeat(64),
	seed: 7,
	calibrationShare: 0.1,
	partNames: '^(.+)-\\d+$',
	fingerprint: 'b'.repeat(64),
};

fuzz('plan of a training', {
	input: (random) => mutateJsonText(PLAN, random),
	parse: async (bytes) => {
		writeFileSync(path.join(folder, 'plan.json'), bytes);
		await isSamePlan(training, PLAN);
		await checkPlan(training, PLAN);
	},
	show: (bytes) => Buffer.from(bytes).toString().slice(0, 3000),
	share: 2,
});

test('the plan is one that is taken up', async () => {
	writeFileSync(path.join(folder, 'plan.json'), JSON.stringify(PLAN));
	expect(await isSamePlan(training, PLAN)).toBe(true);
});
