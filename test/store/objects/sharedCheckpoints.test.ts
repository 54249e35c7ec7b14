import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestFile } from '../../../src/files/digest';
import { Bucket } from '../../../src/store/objects/bucket';
import { connectStore } from '../../../src/store/objects/connections';
import { SharedCheckpoints } from '../../../src/store/objects/sharedCheckpoints';
import { openTraining, type UnfinishedTraining } from '../../../src/store/unfinishedTraining';
import { writePlan, type TrainingPlan } from '../../../src/training/plan';
import { CheckpointSharing, fetchShared } from '../../../src/training/sharedProgress';
import { startObjectServer, type ObjectServer } from './server';

const PLAN: TrainingPlan = {
	config: { iterations: 9 } as TrainingPlan['config'],
	encoderSha256: 'a'.repeat(64),
	seed: 1,
	calibrationShare: 0.1,
	fingerprint: 'b'.repeat(64),
};
const OTHER: TrainingPlan = { ...PLAN, seed: 2 };

describe('checkpoints in the bucket', () => {
	const folder = mkdtempSync(join(tmpdir(), 'dinomaly-shared-'));
	const open: UnfinishedTraining[] = [];
	let server: ObjectServer;
	let bucket: Bucket;

	beforeAll(async () => {
		server = await startObjectServer(join(folder, 'server'));
		bucket = new Bucket(server.connection());
	});
	afterEach(async () => {
		for (const training of open.splice(0)) await training.end();
		await bucket.delete((await bucket.list('checkpoints/')).map(({ key }) => key));
	});
	afterAll(async () => {
		await server.close();
		rmSync(folder, { recursive: true, force: true });
	});

	/** The training of a model on one of the machines, at a step. */
	async function training(
		machine: string,
		step = 0,
		plan: TrainingPlan = PLAN,
	): Promise<UnfinishedTraining> {
		const store = connectStore(server.connection(), join(folder, machine));
		const opened = await openTraining(store, 'bolts', { shares: true });
		open.push(opened);
		if (step > 0) {
			await writePlan(opened, plan);
			await opened.checkpoints.save(step, [
				{ name: 'state', bytes: Buffer.from(`step ${String(step)}`) },
			]);
		}
		return opened;
	}
	const share = (one: UnfinishedTraining): Promise<string | undefined> =>
		new CheckpointSharing(one, 0).now();
	const stateOf = async ({ checkpoints }: UnfinishedTraining): Promise<string | undefined> => {
		const latest = await checkpoints.latest();
		return latest && readFileSync(latest.files.state, 'utf8');
	};
	const document = async (): Promise<Record<string, unknown>> =>
		JSON.parse(String((await bucket.get('checkpoints/bolts/checkpoint.json'))?.bytes)) as Record<
			string,
			unknown
		>;
	const rewrite = async (changes: object): Promise<void> => {
		const bytes = Buffer.from(JSON.stringify({ ...(await document()), ...changes }));
		await bucket.put('checkpoints/bolts/checkpoint.json', bytes);
	};

	test('another machine goes on from it, and the one before has gone', async () => {
		expect(await share(await training('a', 3))).toBeUndefined();
		expect(await share(await training('b', 6))).toBeUndefined();
		expect(await bucket.list('checkpoints/bolts/')).toHaveLength(3);
		const third = await training('c');
		expect(await fetchShared(third, PLAN, 'auto')).toEqual([]);
		expect(await stateOf(third)).toBe('step 6');
		await third.discard();
		expect(await bucket.list('checkpoints/')).toEqual([]);
	});

	test('what is further here stays, and what is of another training gives way', async () => {
		await share(await training('d', 5));
		const further = await training('e', 7);
		await fetchShared(further, PLAN, 'auto');
		expect(await stateOf(further)).toBe('step 7');
		const other = await training('f', 8, OTHER);
		await fetchShared(other, PLAN, 'auto');
		expect(await stateOf(other)).toBe('step 5');
	});

	test('that of another training is not taken, but for whoever insists and hears of the difference', async () => {
		await share(await training('g', 5, OTHER));
		const own = await training('h', 2);
		await fetchShared(own, PLAN, 'auto');
		expect(await stateOf(own)).toBe('step 2');
		const none = await training('i');
		await fetchShared(none, PLAN, 'auto');
		expect(await stateOf(none)).toBeUndefined();
		await fetchShared(none, PLAN, true);
		expect(await stateOf(none)).toBe('step 5');
	});

	test('a damaged one is passed over in a sentence, and nothing of it stays', async () => {
		await share(await training('j', 4));
		const machine = await training('k', 1);
		const { upload, files } = await document();
		const cases: [object, RegExp][] = [
			[{ step: -1 }, /"step"/],
			[{ upload: '../..' }, /"upload"/],
			[
				{ files: { '../../plan.json': { sha256: 'a'.repeat(64), bytes: 1 } } },
				/no file here has this name/,
			],
			[{ files: {} }, /as its checkpoint names it, found nothing/],
			[
				{ files: { ...(files as object), state: { sha256: 'a'.repeat(64), bytes: 6 } } },
				/another content/,
			],
			[{ upload: '0'.repeat(36) }, /found nothing/],
		];
		for (const [changes, sentence] of cases) {
			await rewrite({ step: 4, upload, files, ...changes });
			const [notice] = await fetchShared(machine, PLAN, 'auto');
			expect(notice).toMatch(/^The checkpoint in object storage was passed over: /);
			expect(notice).toMatch(sentence);
			await expect(fetchShared(machine, PLAN, true)).rejects.toMatchObject({ name: 'DinomalyError' });
			expect(await stateOf(machine)).toBe('step 1');
		}
	});

	test('a server that is away costs a notice, once, and not the training', async () => {
		const away = await training('l', 4);
		const sharing = new CheckpointSharing(
			{
				...away,
				shared: new SharedCheckpoints(new Bucket(server.connection({ bucket: 'gone' })), 'bolts'),
			},
			0,
		);
		expect(await sharing.now()).toMatch(/^The checkpoint could not be put into object storage, so that/);
		expect(await sharing.now()).toBeUndefined();
		expect(await stateOf(away)).toBe('step 4');
	});

	test('files are checked by what the checkpoint said, not by what lies on the disk by then', async () => {
		const machine = await training('m', 4);
		const latest = await machine.checkpoints.latest();
		const path = latest?.files.state ?? '';
		const digest = await digestFile(path);
		writeFileSync(path, 'other!');
		const { shared } = machine;
		// A server that checks hashes refuses it, one that does not is found out by who fetches.
		const taken = (async () => {
			await shared?.put(4, { state: { path, ...digest } });
			const found = await shared?.newest();
			if (found !== undefined) await shared?.fetch(found, 'state', join(folder, 'x'));
		})();
		await expect(taken).rejects.toMatchObject({ name: 'DinomalyError' });
	});
});
