import { join } from 'node:path';
import { modelHash } from '../../../src/evaluation/modelHash';
import { promoteThroughGate, type PromoteRequest } from '../../../src/evaluation/promotion/promote';
import { traceLineage } from '../../../src/evaluation/promotion/lineage';
import { pruneVersions } from '../../../src/evaluation/promotion/retention';
import { rollBack } from '../../../src/evaluation/promotion/rollBack';
import type { EvaluationRun } from '../../../src/store/evaluationRun';
import { EvaluationRuns } from '../../../src/store/evaluationRuns';
import { FolderStore } from '../../../src/store/folderStore';
import { withLock } from '../../../src/store/lock';
import type { PromotionRule } from '../../../src/store/promotionGate';
import { sampleDraft, temporaryFolder } from '../../store/sampleModel';
import { sampleRun } from '../../store/sampleRun';

const root = temporaryFolder();
let labs = 0;

const FLOOR: PromotionRule = { metric: 'imageAuroc', scope: 'mean', floor: 0.9 };
const DROP: PromotionRule = { metric: 'imageAuroc', scope: 'mean', largestDrop: 0.01 };

/** A store with versions 1 to `count` of "bolts", and evaluations of them as they are asked for. */
async function lab(count: number) {
	const folder = join(root, `lab-${++labs}`);
	const store = new FolderStore(folder);
	const runs = new EvaluationRuns(folder);
	for (let i = 1; i <= count; i++) await store.publish('bolts', sampleDraft(Buffer.from(`weights ${i}`)));
	let minute = 0;
	const evaluate = async (version: string, imageAuroc: number, changes: Partial<EvaluationRun> = {}) => {
		const { card } = await store.open(`bolts@${version}`);
		const created = new Date(Date.UTC(2026, 0, 1, 0, ++minute)).toISOString();
		const model = { name: 'bolts', version, sha256: modelHash(card) };
		const run = sampleRun({ created, model, mean: { imageAuroc, aupro: null }, ...changes });
		await runs.record(run);
		return run;
	};
	const promote = (ref: string, more: Partial<PromoteRequest> = {}) =>
		promoteThroughGate({ store, runs, ref, alias: 'production', by: 'a test', ...more });
	const guard = (...rules: PromotionRule[]) =>
		store.setGate('bolts', 'production', { rules, at: '2026-01-01T00:00:00.000Z', by: 'the boss' });
	const production = async () => (await store.aliases('bolts')).production as string | undefined;
	return { store, runs, evaluate, promote, guard, production };
}

describe('the gate of an alias', () => {
	test('lets a version through whose evaluation reaches it, and the history keeps what it said', async () => {
		const { store, evaluate, promote, guard } = await lab(1);
		await guard(FLOOR);
		const run = await evaluate('1', 0.95);
		const promotion = await promote('bolts@1', { why: 'better light' });
		expect(promotion.moved).toBe(true);
		expect(await store.history('bolts')).toEqual([
			{
				alias: 'production',
				from: null,
				to: '1',
				at: expect.any(String),
				by: 'a test',
				why: 'better light',
				gate: { passed: true, reason: expect.stringContaining('0.9500'), run: run.id },
			},
		]);
	});

	test('keeps the alias where it is when the evaluation falls short or there is none', async () => {
		const { evaluate, promote, guard, production } = await lab(3);
		await evaluate('1', 0.95);
		await promote('bolts@1');
		await guard(FLOOR);
		await evaluate('2', 0.85);
		expect(await promote('bolts@2')).toMatchObject({
			moved: false,
			version: '2',
			gate: { passed: false, reason: expect.stringMatching(/0\.8500, below the floor 0\.9000/) },
		});
		expect(await promote('bolts@3')).toMatchObject({
			moved: false,
			gate: { reason: 'Failed: version 3 has no evaluation, so evaluate it first', run: null },
		});
		expect(await production()).toBe('1');
	});

	test('guards only its own alias, and stays when the rules of a single promotion are added', async () => {
		const { evaluate, promote, guard, production } = await lab(1);
		await guard(FLOOR);
		expect(await promote('bolts@1', { alias: 'candidate' })).toMatchObject({ moved: true });
		await evaluate('1', 0.95);
		const stricter = { ...FLOOR, floor: 0.99 };
		expect(await promote('bolts@1', { rules: [stricter] })).toMatchObject({ moved: false });
		expect(await production()).toBeUndefined();
	});

	test('measures a drop from the version in production, on the same images, in whatever order they were evaluated', async () => {
		const { evaluate, promote, guard, production } = await lab(2);
		await promote('bolts@1');
		await guard(DROP);
		await evaluate('2', 0.93);
		expect(await promote('bolts@2')).toMatchObject({
			moved: false,
			gate: { reason: expect.stringContaining('no evaluation of production (version 1)') },
		});
		await evaluate('1', 0.99, { dataset: { root: 'other', fingerprint: 'd'.repeat(64) } });
		expect(await promote('bolts@2')).toMatchObject({ moved: false });
		await evaluate('1', 0.95);
		expect(await promote('bolts@2')).toMatchObject({
			moved: false,
			gate: { reason: expect.stringContaining('fell by 0.0200') },
		});
		await evaluate('2', 0.945);
		expect(await promote('bolts@2')).toMatchObject({ moved: true, move: { from: '1', to: '2' } });
		expect(await production()).toBe('2');
	});

	test('does not take the evaluation of another model of that name for its own', async () => {
		const { evaluate, promote, guard } = await lab(1);
		await guard(FLOOR);
		await evaluate('1', 0.99, { model: { name: 'bolts', version: '1', sha256: 'e'.repeat(64) } });
		expect(await promote('bolts@1')).toMatchObject({ moved: false, gate: { run: null } });
	});

	test('can be overruled with a reason, and the history says so', async () => {
		const { store, promote, guard } = await lab(1);
		await guard(FLOOR);
		await expect(promote('bolts@1', { force: true })).rejects.toMatchObject({ code: 'USAGE' });
		const forced = await promote('bolts@1', { force: true, why: 'the line stands still' });
		expect(forced.moved).toBe(true);
		expect((await store.history('bolts')).at(-1)).toMatchObject({
			why: 'the line stands still',
			gate: { passed: false },
		});
	});

	test('judges again when somebody else moves the alias at that moment', async () => {
		const { store, runs, evaluate, promote, guard } = await lab(3);
		await promote('bolts@1');
		await guard(DROP);
		await evaluate('1', 0.9);
		await evaluate('2', 0.91);
		await evaluate('3', 0.99);
		const raced = Object.create(store) as FolderStore;
		let moves = 0;
		raced.promote = async (...move: Parameters<FolderStore['promote']>) => {
			if (++moves === 1) await store.promote('bolts@3', 'production');
			return store.promote(...move);
		};
		const promotion = await promote('bolts@2', { store: raced, runs });
		expect(promotion).toMatchObject({
			moved: false,
			gate: { reason: expect.stringContaining('production (version 3)') },
		});
	});

	test('gives up after five moves of others, and at once when another process holds the store', async () => {
		const { store, promote, production } = await lab(3);
		const raced = Object.create(store) as FolderStore;
		let moves = 0;
		raced.promote = async (...move: Parameters<FolderStore['promote']>) => {
			await store.promote(`bolts@${(moves++ % 2) + 1}`, 'production');
			return store.promote(...move);
		};
		await expect(promote('bolts@3', { store: raced })).rejects.toMatchObject({ code: 'ALIAS_MOVED' });
		expect([moves, await production()]).toEqual([5, '1']);

		const held = Object.create(store) as FolderStore;
		const lock = { what: 'model "bolts"', waitMs: 20 };
		let attempts = 0;
		held.promote = async (...move: Parameters<FolderStore['promote']>) => {
			attempts++;
			return withLock(join(store.layout.locks, 'model-bolts'), lock, () => store.promote(...move));
		};
		await withLock(join(store.layout.locks, 'model-bolts'), lock, () =>
			expect(promote('bolts@3', { store: held })).rejects.toMatchObject({
				code: 'STORE_BUSY',
				message: expect.stringContaining(`in use by process ${process.pid}`),
			}),
		);
		expect(attempts).toBe(1);
	});

	test('is refused when its file is damaged, rather than standing open', async () => {
		const { store, promote } = await lab(1);
		await store.setGate('bolts', 'production', {
			rules: [{ ...FLOOR, floor: 7 }],
			at: '2026-01-01T00:00:00.000Z',
		});
		await expect(promote('bolts@1')).rejects.toMatchObject({ code: 'MODEL_INVALID' });
	});
});

describe('rolling back', () => {
	test('goes to the version before in one step, again to the one before that, and past what was deleted', async () => {
		const { store, promote, guard, production } = await lab(4);
		for (const version of ['1', '2', '3', '4']) await promote(`bolts@${version}`);
		await guard(FLOOR); // which none of them would pass
		const back = await rollBack(store, { model: 'bolts', alias: 'production' }, { by: 'night shift' });
		expect(back).toMatchObject({ from: '4', to: '3', by: 'night shift', rollback: true });
		await store.remove('bolts@2');
		await rollBack(store, { model: 'bolts', alias: 'production' });
		expect(await production()).toBe('1');
		await expect(rollBack(store, { model: 'bolts', alias: 'production' })).rejects.toMatchObject({
			code: 'MODEL_NOT_FOUND',
		});
		expect((await store.history('bolts')).map(({ to }) => to)).toEqual(['1', '2', '3', '4', '3', '1']);
	});

	test('brings back an alias that was taken away', async () => {
		const { store, promote, production } = await lab(1);
		await promote('bolts@1');
		await store.dropAlias('bolts', 'production');
		await rollBack(store, { model: 'bolts', alias: 'production' });
		expect(await production()).toBe('1');
	});
});

test('pruning keeps the newest, those with an alias, and the one to roll back to', async () => {
	const { store, promote } = await lab(7);
	for (const version of ['1', '2', '3']) await promote(`bolts@${version}`);
	await promote('bolts@4', { alias: 'candidate' });
	const request = { model: 'bolts', keep: 2 };
	const expected = { removed: ['1', '5'], kept: ['2', '3', '4', '6', '7'] };
	expect(await pruneVersions(store, { ...request, dryRun: true })).toEqual(expected);
	expect(await store.versions('bolts')).toHaveLength(7);
	expect(await pruneVersions(store, request)).toEqual(expected);
	expect((await store.versions('bolts')).map(({ version }) => version)).toEqual(expected.kept);
});

test('the lineage of a version names its data, encoder, parents, evaluations and aliases', async () => {
	const { store, runs, evaluate, promote } = await lab(1);
	const imported = await store.importFolder((await store.open('bolts@1')).path, 'bolts');
	const again = await store.importFolder(imported.path, 'bolts');
	const run = await evaluate('3', 0.97);
	await evaluate('2', 0.5);
	await promote('bolts@3');
	expect(await traceLineage(store, runs, `bolts@${again.version}`)).toMatchObject({
		version: '3',
		data: { root: 'parts', fingerprint: 'f1', images: 11 },
		encoder: { name: 'tiny' },
		parents: ['bolts@2', 'bolts@1'],
		evaluations: [{ run: run.id, mean: { imageAuroc: 0.97 } }],
		moves: [{ alias: 'production', to: '3' }],
	});
});

test('an alias is not moved from where it is not', async () => {
	const { store } = await lab(2);
	await store.promote('bolts@1', 'production', { ifFrom: null });
	await expect(store.promote('bolts@2', 'production', { ifFrom: null })).rejects.toMatchObject({
		code: 'ALIAS_MOVED',
		message: expect.stringContaining('found it at version 1'),
	});
	await store.promote('bolts@2', 'production', { ifFrom: '1' });
	expect(await store.aliases('bolts')).toEqual({ production: '2' });
});
