import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DinomalyError } from '../../src/errors';
import { runJob } from '../../src/jobs/runJob';
import { drawTinyDataset } from '../support/tinyDataset';
import { draft, engineThat, newStore, succeeding, trained } from './support';

let store: ReturnType<typeof newStore>;
beforeEach(() => {
	store = newStore();
});
afterEach(() => {
	store.dispose();
});

const failing = (error: Error) => engineThat(() => Promise.reject(error));

test('a job that succeeds is done, with its model and the picture of its loss', async () => {
	const { jobs } = store;
	const job = await jobs.create(draft(jobs));
	const ended = await runJob(jobs, job, { engine: succeeding });
	expect(ended).toMatchObject({ state: 'done', models: [{ model: 'bottle', lossCurve: 'loss-1.png' }] });
	expect(await jobs.read(job.id)).toEqual(ended);
	expect(existsSync(path.join(jobs.folderOf(job.id), 'loss-1.png'))).toBe(true);
});

test('a loss curve that cannot be drawn is no reason to fail', async () => {
	const { jobs } = store;
	const engine = { ...succeeding, lossCurve: () => Promise.reject(new Error('no font')) };
	const ended = await runJob(jobs, await jobs.create(draft(jobs)), { engine });
	expect(ended).toMatchObject({ state: 'done', models: [{ notices: ['No loss curve: no font'] }] });
});

test('what a training fails with is kept in words', async () => {
	const { jobs } = store;
	const error = new DinomalyError('DATASET_EMPTY', 'Expected images, found none', {
		hint: 'Add some.',
	});
	const ended = await runJob(jobs, await jobs.create(draft(jobs)), { engine: failing(error) });
	expect(ended).toMatchObject({
		state: 'failed',
		error: { code: 'DATASET_EMPTY', message: 'Expected images, found none', hint: 'Add some.' },
	});
});

test('images that came with a job are named without the folder that goes with it', async () => {
	const { jobs } = store;
	const own = await jobs.create(draft(jobs, { ownsImages: true }));
	const file = path.join(jobs.imagesOf(own.id), 'bolt', 'train', 'good', 'text.png');
	const named = path.join('bolt', 'train', 'good', 'text.png');
	const reason = `Expected an image, found text in ${file}`;
	const engine = engineThat((request) =>
		Promise.resolve({
			models: [{ ...trained(request), skipped: [{ file, reason }], notices: [`Skipped: ${reason}`] }],
		} as never),
	);
	const { models } = await runJob(jobs, own, { engine });
	expect(models[0]).toMatchObject({
		skipped: [{ file: named, reason: `Expected an image, found text in ${named}` }],
		notices: [`Skipped: Expected an image, found text in ${named}`],
	});
	const other = await jobs.create(draft(jobs, { ownsImages: true }));
	const broken = path.join(jobs.imagesOf(other.id), 'text.png');
	const unreadable = new DinomalyError('IMAGE_UNREADABLE', `Expected an image, found text in ${broken}`);
	const { error } = await runJob(jobs, other, { engine: failing(unreadable) });
	expect(error?.message).toBe('Expected an image, found text in text.png');
});

test.each([
	[true, 'interrupted'],
	[false, 'cancelled'],
])('the engine closing in the middle leaves a job with detached %s behind as %s', async (detached, state) => {
	const { jobs } = store;
	const job = await jobs.create(draft(jobs, { detached }));
	const ended = await runJob(jobs, job, { engine: failing(new DinomalyError('CANCELLED', 'Stopped')) });
	expect(ended.state).toBe(state);
});

test('a wish to cancel that another process leaves ends the training within a second', async () => {
	const { jobs } = store;
	const job = await jobs.create(draft(jobs));
	const engine = engineThat(
		(_, options) =>
			new Promise((_resolve, reject) => {
				options?.signal?.addEventListener('abort', () => {
					reject(
						new DinomalyError(
							'CANCELLED',
							'Expected to train to the end, found a stop; checkpoint kept',
						),
					);
				});
			}),
	);
	const began = Date.now();
	const running = runJob(jobs, job, { engine });
	await jobs.requestCancel(job.id);
	expect(await running).toMatchObject({ state: 'cancelled', error: { code: 'CANCELLED' } });
	expect(Date.now() - began).toBeLessThan(1500);
});

test('with a model for each category, those that are done stay done', async () => {
	const { jobs } = store;
	const data = path.join(jobs.store, 'data');
	await drawTinyDataset(data, ['bolt', 'nut'], 2);
	const request = { store: jobs.store, data, model: 'part', separate: true };
	const asked: string[] = [];
	const engine = engineThat((part) => {
		asked.push(part.model);
		if (part.model === 'part-nut' && asked.length === 2)
			return Promise.reject(new DinomalyError('CANCELLED', 'Stopped'));
		return Promise.resolve({ models: [trained(part)] } as never);
	});
	const first = await runJob(jobs, await jobs.create(draft(jobs, { request })), { engine });
	expect(first).toMatchObject({ state: 'interrupted', models: [{ model: 'part-bolt' }] });
	const again = await jobs.takeOver(first.id);
	expect(await runJob(jobs, again!, { engine })).toMatchObject({
		state: 'done',
		models: [{ model: 'part-bolt' }, { model: 'part-nut' }],
	});
	expect(asked).toEqual(['part-bolt', 'part-nut', 'part-nut']);
});

test('images that a job owns go when it ends, and stay while it may go on', async () => {
	const { jobs } = store;
	for (const [error, stays] of [
		[new DinomalyError('CANCELLED', 'Stopped'), true],
		[new Error('broken'), false],
	] as const) {
		const job = await jobs.create(draft(jobs, { ownsImages: true }));
		mkdirSync(jobs.imagesOf(job.id), { recursive: true });
		writeFileSync(path.join(jobs.imagesOf(job.id), 'a.png'), '');
		await runJob(jobs, job, { engine: failing(error) });
		expect(existsSync(jobs.imagesOf(job.id))).toBe(stays);
	}
});

test('a training that took ten processes with it is given up', async () => {
	const { jobs } = store;
	const job = { ...(await jobs.create(draft(jobs))), attempts: 11 };
	expect(await runJob(jobs, job, { engine: succeeding })).toMatchObject({
		state: 'failed',
		error: { message: expect.stringContaining('10 processes ended in the middle of it') },
	});
});

test('a token is handed to the engine and never written down', async () => {
	const { jobs } = store;
	const job = await jobs.create(draft(jobs));
	let seen: unknown;
	const engine = engineThat((request) => {
		seen = request.hub;
		return Promise.resolve({ models: [trained(request)] } as never);
	});
	const ended = await runJob(jobs, job, { engine, token: 'hf_secret' });
	expect(seen).toEqual({ token: 'hf_secret' });
	expect(JSON.stringify(ended)).not.toContain('hf_secret');
});
