import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readCompareWith } from '../../src/evaluation/baseline';
import { concludeRun } from '../../src/evaluation/conclude';
import { judgeGates, type GateRule } from '../../src/evaluation/gate';
import type { EvaluationRun } from '../../src/store/evaluationRun';
import { EvaluationRuns } from '../../src/store/evaluationRuns';
import type { ModelStore } from '../../src/store/modelStore';
import { sampleRun } from '../store/sampleRun';

let folder: string;
let runs: EvaluationRuns;

beforeEach(() => {
	folder = mkdtempSync(path.join(tmpdir(), 'dinomaly-conclude-'));
	runs = new EvaluationRuns(folder);
});
afterEach(() => {
	rmSync(folder, { recursive: true, force: true });
});

/** A run of a day in January. */
function run(day: number, imageAuroc: number, changes: Partial<EvaluationRun> = {}): EvaluationRun {
	const [row] = sampleRun().categories;
	return sampleRun({
		created: `2026-01-${String(day).padStart(2, '0')}T00:00:00.000Z`,
		mean: { imageAuroc, aupro: imageAuroc },
		categories: [{ ...row, metrics: { imageAuroc, aupro: imageAuroc } }],
		...changes,
	});
}

const ofVersion = (version: string): Pick<EvaluationRun, 'model'> => ({
	model: { name: 'tiny', version, sha256: 'a'.repeat(64) },
});
const drop: GateRule = { metric: 'imageAuroc', scope: 'mean', largestDrop: 0.01 };
const production = { kind: 'version', version: '1', title: 'production (version 1)' } as const;

test('a drop is measured from the newest run of the production version, not from a later candidate', async () => {
	await runs.record(run(1, 0.9, ofVersion('1')));
	await runs.record(run(2, 0.95, ofVersion('1')));
	await runs.record(run(3, 0.7, ofVersion('2')));
	const candidate = run(4, 0.9, ofVersion('3'));
	const { verdict, previous } = await concludeRun(runs, candidate, {
		gates: [drop],
		compareWith: production,
	});
	expect(previous?.created).toMatch(/^2026-01-02/);
	expect(verdict).toMatchObject({
		passed: false,
		reason: expect.stringContaining('fell by 0.0500'),
	});
	expect((await concludeRun(runs, candidate, { gates: [drop] })).verdict?.passed).toBe(true);
});

test('without an evaluation of the production version a drop cannot pass; a floor can, and so can production itself', async () => {
	const candidate = run(4, 0.9, ofVersion('3'));
	const { verdict } = await concludeRun(runs, candidate, { gates: [drop], compareWith: production });
	expect(verdict).toMatchObject({
		passed: false,
		reason: 'Failed: mean image AUROC has nothing to be held against: expected an earlier evaluation, found no evaluation of production (version 1) on the same test images, so evaluate that version first',
	});
	const floor: GateRule = { metric: 'imageAuroc', scope: 'mean', floor: 0.5 };
	expect(
		(await concludeRun(runs, candidate, { gates: [floor], compareWith: production })).verdict?.passed,
	).toBe(true);
	const itself = run(5, 0.9, ofVersion('1'));
	expect(
		(await concludeRun(runs, itself, { gates: [drop], compareWith: production })).verdict?.passed,
	).toBe(true);
});

test('runs measured by other rules are no earlier ones, and a named one is refused for pixel metrics', async () => {
	const half = run(1, 0.99, { maskRule: 'half' });
	const narrow = run(2, 0.99, {
		settings: { maxFpr: 0.05, pixelMode: 'auto', falseAlarmRate: 0.01, threads: 0 },
	});
	for (const one of [half, narrow]) await runs.record(one);
	const now = run(3, 0.9);
	expect((await concludeRun(runs, now, { gates: [drop], record: false })).previous).toBeUndefined();
	const named = { kind: 'run', id: narrow.id } as const;
	const pixels: GateRule = { ...drop, metric: 'aupro' };
	await expect(concludeRun(runs, now, { gates: [pixels], compareWith: named })).rejects.toMatchObject({
		code: 'CONFIG_INVALID',
		message: `Expected run ${narrow.id} to have measured AUPRO as this one, with mask rule "nonzero" and AUPRO limit 0.3, found mask rule "nonzero" and AUPRO limit 0.05`,
	});
	// Image metrics do not depend on masks.
	expect((await concludeRun(runs, now, { gates: [drop], compareWith: named })).verdict?.passed).toBe(false);
});

test('every rule must pass, and the sentence names those that did not', () => {
	const now = {
		mean: { imageAuroc: 0.9, aupro: 0.5 },
		categories: [
			{ category: 'bolt', metrics: { imageAuroc: 0.95 } },
			{ category: 'nut', metrics: { imageAuroc: 0.85 } },
		],
	};
	const rules: GateRule[] = [
		{ metric: 'imageAuroc', scope: 'mean', floor: 0.9 },
		{ metric: 'imageAuroc', scope: 'category', category: 'nut', floor: 0.86 },
		{ metric: 'aupro', scope: 'mean', floor: 0.6 },
	];
	const { passed, reason, rules: each } = judgeGates(rules, now);
	expect(passed).toBe(false);
	expect(each.map((verdict) => verdict.passed)).toEqual([true, false, false]);
	expect(reason).toBe(
		'Failed: image AUROC of nut is 0.8500, below the floor 0.8600; mean AUPRO is 0.5000, below the floor 0.6000',
	);
	expect(judgeGates([{ ...rules[1], floor: 0.8 }, rules[0]], now).reason).toBe(
		'Passed: image AUROC of nut is 0.8500, at least the floor 0.8000; mean image AUROC is 0.9000, at least the floor 0.9000',
	);
	expect(judgeGates([{ ...rules[1], category: 'screw' }], now).reason).toBe(
		'Failed: expected image AUROC of category "screw", found none',
	);
});

test('what to compare with is a run, an alias or a version, looked up before the work', async () => {
	const known = run(1, 0.9);
	await runs.record(known);
	const store = {
		resolve: (ref: string) =>
			Promise.resolve({ name: 'tiny', version: ref.endsWith('@2') ? '2' : '1', path: '' }),
	} as unknown as ModelStore;
	const read = (word: string) => readCompareWith(word, { model: 'tiny@latest', store, runs });
	expect(await read('previous')).toEqual({ kind: 'previous' });
	expect(await read(known.id)).toEqual({ kind: 'run', id: known.id });
	expect(await read('production')).toEqual(production);
	expect(await read('2')).toEqual({ kind: 'version', version: '2', title: 'version 2' });
	await expect(read('20260101T000000000Z-00000000')).rejects.toMatchObject({ code: 'INPUT_MISSING' });
});
