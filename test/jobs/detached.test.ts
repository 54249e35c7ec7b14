import { DinomalyError } from '../../src/errors';
import { cancelJob } from '../../src/jobs/cancelJob';
import { addressesOf, deliver } from '../../src/jobs/deliver';
import { recoverJobs, workDetached } from '../../src/jobs/detached';
import { noteStore, recoverAll } from '../../src/jobs/watch';
import type { TrainingJob } from '../../src/jobs/trainingJob';
import { ResumeServer } from '../nodes/support/resumeServer';
import { draft, engineThat, newStore, succeeding, until } from './support';

const GONE = { host: 'elsewhere', pid: 1, token: 'gone' };
let n8n: ResumeServer;
let store: ReturnType<typeof newStore>;
const lines: string[] = [];
beforeEach(async () => {
	n8n = await ResumeServer.open();
	store = newStore();
	lines.length = 0;
});
afterEach(() => {
	n8n.close();
	store.dispose();
});

const workshop = (engine = succeeding) => ({
	engine: () => engine,
	log: (line: string) => lines.push(line),
	// A port where nobody listens, lest a real n8n of this machine is asked.
	delivery: { pauseMs: () => 5, environment: { N8N_PORT: '1' } },
});
const resumeOf = (ids: readonly string[]) => ({
	url: `${n8n.url}/webhook-waiting/7?signature=x`,
	secret: 's',
	jobs: ids,
});
/** A job whose process is gone. */
async function abandoned(more: Partial<TrainingJob> = {}): Promise<TrainingJob> {
	const { jobs } = store;
	const job = await jobs.create(draft(jobs));
	const left = { ...job, owner: { ...job.owner, ...GONE }, updated: '2026-01-01T00:00:00.000Z', ...more };
	await jobs.write(left as TrainingJob);
	return left as TrainingJob;
}

test('an execution is told once its training has ended, again and again until n8n takes it', async () => {
	const { jobs } = store;
	const id = jobs.newId();
	const job = await jobs.create(draft(jobs, { id, resume: resumeOf([id]) }));
	const working = workDetached(jobs, job, workshop());
	for (const status of [500, 409, 200]) (await n8n.next()).answer(status, 'later');
	await working;
	expect(await jobs.isDelivered(id)).toBe(true);
	expect((await jobs.read(id)).state).toBe('done');
	expect(lines.filter((line) => line.includes('could not resume'))).toHaveLength(2);
});

test('an execution that has finished is told no more', async () => {
	const { jobs } = store;
	const id = jobs.newId();
	const job = await jobs.create(draft(jobs, { id, resume: resumeOf([id]) }));
	const working = workDetached(jobs, job, workshop());
	(await n8n.next()).answer(409, 'The execution "7" has finished already.');
	await working;
	expect(await jobs.isDelivered(id)).toBe(true);
	expect(lines.join()).toContain('waits for training');
});

test('a process that does not train tells the execution of what a living worker has ended, and begins nothing', async () => {
	const { jobs } = store;
	const { log, delivery } = workshop();
	const teller = { log, delivery };
	const id = jobs.newId();
	const job = await jobs.create(draft(jobs, { id, resume: resumeOf([id]) }));
	const ended = { ...job, state: 'done' as const };
	await jobs.write({ ...ended, updated: new Date().toISOString() });
	const left = await abandoned();
	expect(await recoverJobs(jobs.store, teller)).toEqual([]); // the worker has a moment to tell
	await jobs.write({ ...ended, updated: new Date(Date.now() - 60_000).toISOString() });
	expect(await recoverJobs(jobs.store, teller)).toEqual([id]);
	(await n8n.next()).answer(404, '<!DOCTYPE html><p>Cannot POST /webhook-waiting/7</p>');
	(await n8n.next()).answer(200, 'ok');
	await until(() => jobs.isDelivered(id));
	expect((await jobs.read(left.id)).attempts).toBe(1);
	expect(lines).toEqual([expect.stringMatching(/^could not resume execution 7 .* answers 404; /)]);
});

test('an execution that waits for two trainings is told when the second ends', async () => {
	const { jobs } = store;
	const ids = [jobs.newId(), jobs.newId()];
	const [first, second] = await Promise.all(
		ids.map((id) => jobs.create(draft(jobs, { id, resume: resumeOf(ids) }))),
	);
	const ended = { ...first, state: 'done' as const };
	await jobs.write(ended);
	await deliver(jobs, ended, { log: () => undefined });
	expect(await jobs.isDelivered(ids[0])).toBe(false);
	const working = workDetached(jobs, second, workshop());
	const { body, answer } = await n8n.next();
	answer();
	await working;
	expect(body).toMatchObject({ jobs: ids });
	expect(await jobs.isDelivered(ids[0])).toBe(true);
});

test('the address that n8n gave is tried first, then this machine on its present port', () => {
	const url = 'https://n8n.example.com/base/webhook-waiting/7?signature=x';
	expect(addressesOf(url, { N8N_PORT: '8080' })).toEqual([
		url,
		'http://127.0.0.1:8080/webhook-waiting/7?signature=x',
	]);
	expect(addressesOf('http://127.0.0.1:5678/webhook-waiting/7', {})).toHaveLength(1);
});

test('a job whose process is gone is taken up, once, and goes on', async () => {
	const { jobs } = store;
	const { id } = await abandoned();
	const taken = await Promise.all([
		recoverJobs(jobs.store, workshop()),
		recoverJobs(jobs.store, workshop()),
	]);
	expect(taken.flat()).toEqual([id]);
	await until(async () => (await jobs.read(id)).state === 'done');
	expect((await jobs.read(id)).attempts).toBe(2);
});

test('a job of a living process is left alone, and one that somebody waited for inside a dead one too', async () => {
	const { jobs } = store;
	await jobs.create(draft(jobs));
	await abandoned({ detached: false });
	expect(await recoverJobs(jobs.store, workshop())).toEqual([]);
});

test('results that nobody could be told are delivered by the next process', async () => {
	const { jobs } = store;
	const id = jobs.newId();
	await abandoned({ id, state: 'done', resume: resumeOf([id]) });
	expect(await recoverJobs(jobs.store, workshop())).toEqual([id]);
	(await n8n.next()).answer();
	await until(() => jobs.isDelivered(id));
});

test('cancelling a job whose process is gone ends it here, and tells who waits', async () => {
	const { jobs } = store;
	const id = jobs.newId();
	const job = await abandoned({ id, resume: resumeOf([id]) });
	await cancelJob(
		jobs,
		job,
		workshop(engineThat(() => Promise.reject(new DinomalyError('USAGE', 'never')))),
	);
	expect((await jobs.read(id)).state).toBe('cancelled');
	(await n8n.next()).answer();
	await until(() => jobs.isDelivered(id));
});

test('stores that were named in a node are looked after too, and a broken one is passed over', async () => {
	const other = newStore();
	const { jobs: home } = store;
	const job = await other.jobs.create(draft(other.jobs));
	await other.jobs.write({
		...job,
		owner: { ...job.owner!, ...GONE },
		updated: '2026-01-01T00:00:00.000Z',
	});
	await noteStore(home.store, other.jobs.store);
	await noteStore(home.store, home.store);
	await recoverAll(home.store, workshop());
	await until(async () => (await other.jobs.read(job.id)).state === 'done');
	other.dispose();
});
