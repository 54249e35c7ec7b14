import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isAbandoned, stateOf } from '../../src/jobs/trainingJobs';
import { draft, newStore } from './support';

let store: ReturnType<typeof newStore>;
beforeEach(() => {
	store = newStore();
});
afterEach(() => {
	store.dispose();
});

test('nothing is made before the first job', async () => {
	expect(await store.jobs.list()).toEqual([]);
	expect(readdirSync(store.jobs.store)).toEqual([]);
});

test('a job is read as it was written, newest first in the list', async () => {
	const { jobs } = store;
	const first = await jobs.create(draft(jobs));
	await new Promise((resolve) => setTimeout(resolve, 5));
	const second = await jobs.create(draft(jobs));
	expect(await jobs.read(first.id)).toEqual(first);
	expect((await jobs.list()).map(({ id }) => id)).toEqual([second.id, first.id]);
	expect(await jobs.list(1)).toEqual([second]);
});

test('an unknown id is refused with the newest ones named', async () => {
	const { jobs } = store;
	await expect(jobs.read('nonsense')).rejects.toMatchObject({
		code: 'INPUT_MISSING',
		hint: expect.stringContaining('There is none yet'),
	});
	const { id } = await jobs.create(draft(jobs));
	await expect(jobs.read('20260131T120000000Z-0123abcd')).rejects.toMatchObject({
		hint: `The newest: ${id}.`,
	});
	expect(() => jobs.folderOf('../evil')).toThrow('Expected a job ID');
});

test.each(['', '{', '[]', '{"schemaVersion":1}'])(
	'a record that is %j is passed over in lists and refused alone',
	async (text) => {
		const { jobs } = store;
		const { id } = await jobs.create(draft(jobs));
		writeFileSync(path.join(jobs.folderOf(id), 'job.json'), text);
		expect(await jobs.list()).toEqual([]);
		await expect(jobs.read(id)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
	},
);

test('a job belongs to the process that made it, until that gave no sign of life for long', async () => {
	const { jobs } = store;
	const job = await jobs.create(draft(jobs));
	expect(isAbandoned(job)).toBe(false);
	expect(await jobs.takeOver(job.id)).toBeUndefined();
	const elsewhere = { ...job, owner: { ...job.owner!, host: 'another machine' } };
	expect(isAbandoned(elsewhere)).toBe(false);
	expect(isAbandoned(elsewhere, Date.now() + 91_000)).toBe(true);
	expect(stateOf({ ...job, owner: undefined })).toBe('interrupted');
	expect(isAbandoned({ ...elsewhere, state: 'done' }, Date.now() + 91_000)).toBe(false);
});

test('of several that want an abandoned job, one gets it', async () => {
	const { jobs } = store;
	const job = await jobs.create(draft(jobs));
	await jobs.write({ ...job, owner: undefined });
	const taken = await Promise.all(Array.from({ length: 5 }, () => jobs.takeOver(job.id)));
	expect(taken.filter((one) => one !== undefined)).toMatchObject([{ attempts: 2 }]);
});

test('wishes to cancel and deliveries leave marks that every process sees', async () => {
	const { jobs } = store;
	const { id } = await jobs.create(draft(jobs));
	expect([await jobs.isCancelRequested(id), await jobs.isDelivered(id)]).toEqual([false, false]);
	await jobs.requestCancel(id);
	await jobs.markDelivered([id, jobs.newId()]);
	expect([await jobs.isCancelRequested(id), await jobs.isDelivered(id)]).toEqual([true, true]);
});

test('the two hundred newest jobs are kept, and older ones that have not ended', async () => {
	const { jobs } = store;
	const old = async (n: number, state: 'done' | 'running') => {
		const id = `20200101T000000${String(n).padStart(3, '0')}Z-0123abcd`;
		await jobs.write({ ...(await jobs.create(draft(jobs, { id }))), state });
		return id;
	};
	const running = await old(0, 'running');
	const done = await old(1, 'done');
	for (let n = 2; n < 202; n++) await old(n, 'done');
	await jobs.create(draft(jobs));
	const ids = await jobs.ids();
	expect(ids).toContain(running);
	expect(ids).not.toContain(done);
});
