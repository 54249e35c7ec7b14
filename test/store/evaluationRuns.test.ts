import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EvaluationRuns } from '../../src/store/evaluationRuns';
import { newRunId } from '../../src/store/runId';
import { sampleRun } from './sampleRun';

let store: string;
let runs: EvaluationRuns;

beforeEach(() => {
	store = mkdtempSync(path.join(tmpdir(), 'dinomaly-runs-'));
	runs = new EvaluationRuns(store);
});
afterEach(() => {
	rmSync(store, { recursive: true, force: true });
});

test('a run comes back as it was recorded', async () => {
	const run = sampleRun();
	const file = await runs.record(run);
	expect(file).toBe(path.join(store, 'evaluations', 'tiny', `${run.id}.json`));
	expect(await runs.read('tiny', run.id)).toEqual(run);
	expect(readdirSync(path.dirname(file))).toEqual([`${run.id}.json`]);
});

test.each([
	{ kind: 'side', sidePx: 280, overlap: 0.25 },
	{ kind: 'grid', columns: 4, rows: 3, overlap: 0 },
] as const)('the tiles that images were cut into are recorded: %j', async (tiling) => {
	const run = sampleRun({ preprocessing: { imageSize: 224, cropSize: 224, tiling } });
	await runs.record(run);
	expect((await runs.read('tiny', run.id)).preprocessing).toEqual(run.preprocessing);
});

test('runs are listed newest first, and files that are none are left out', async () => {
	for (const day of ['03', '01', '02'])
		await runs.record(sampleRun({ created: `2026-01-${day}T00:00:00.000Z` }));
	writeFileSync(path.join(store, 'evaluations', 'tiny', 'notes.json'), '{}');
	const days = (await runs.list('tiny')).map((id) => id.slice(6, 8));
	expect(days).toEqual(['03', '02', '01']);
	expect(await runs.list('other')).toEqual([]);
});

test('the newest run on the same images is found; unknown images are never the same', async () => {
	const older = sampleRun({ created: '2026-01-01T00:00:00.000Z' });
	const other = sampleRun({
		created: '2026-01-02T00:00:00.000Z',
		dataset: { root: 'x', fingerprint: 'd'.repeat(64) },
	});
	const unknown = sampleRun({
		created: '2026-01-03T00:00:00.000Z',
		dataset: { root: 'x', fingerprint: null },
	});
	for (const run of [older, other, unknown]) await runs.record(run);
	expect((await runs.newest('tiny'))?.id).toBe(unknown.id);
	expect((await runs.newest('tiny', { fingerprint: 'c'.repeat(64) }))?.id).toBe(older.id);
	expect((await runs.newest('tiny', { before: unknown.id }))?.id).toBe(other.id);
	expect(await runs.newest('tiny', { fingerprint: null })).toBeUndefined();
	expect(await runs.newest('tiny', { source: 'items' })).toBeUndefined();
});

test('a damaged run is passed over, and named when it is asked for', async () => {
	const good = sampleRun({ created: '2026-01-01T00:00:00.000Z' });
	await runs.record(good);
	const id = newRunId(new Date('2026-02-01T00:00:00.000Z'));
	writeFileSync(path.join(store, 'evaluations', 'tiny', `${id}.json`), '{"schemaVersion":1}');
	expect((await runs.newest('tiny'))?.id).toBe(good.id);
	await expect(runs.read('tiny', id)).rejects.toMatchObject({
		code: 'MODEL_INVALID',
		hint: expect.stringContaining('delete the file'),
	});
});

test('a run that is not there is an error that names the newest', async () => {
	const run = sampleRun();
	await runs.record(run);
	for (const id of ['../../models/x', newRunId(new Date())])
		await expect(runs.read('tiny', id)).rejects.toMatchObject({
			code: 'INPUT_MISSING',
			hint: `The newest: ${run.id}.`,
		});
	await expect(runs.read('../tiny', run.id)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});

test('a link that leads out of the store is not followed', async () => {
	const run = sampleRun();
	const outside = mkdtempSync(path.join(tmpdir(), 'dinomaly-outside-'));
	try {
		writeFileSync(path.join(outside, 'run.json'), JSON.stringify({ ...run, notices: [] }));
		mkdirSync(path.join(store, 'evaluations', 'tiny'), { recursive: true });
		symlinkSync(
			path.join(outside, 'run.json'),
			path.join(store, 'evaluations', 'tiny', `${run.id}.json`),
		);
		await expect(runs.read('tiny', run.id)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
	} finally {
		rmSync(outside, { recursive: true });
	}
});
