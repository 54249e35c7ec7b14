import { main } from '../../src/cli/main';
import { openEngine } from '../../src/engine/host';
import { modelHash } from '../../src/evaluation/modelHash';
import { EvaluationRuns } from '../../src/store/evaluationRuns';
import { FolderStore } from '../../src/store/folderStore';
import { sampleDraft, temporaryFolder } from '../store/sampleModel';
import { sampleRun } from '../store/sampleRun';

const folder = temporaryFolder();

beforeAll(async () => {
	const store = new FolderStore(folder);
	const runs = new EvaluationRuns(folder);
	for (const [version, imageAuroc] of [
		['1', 0.95],
		['2', 0.85],
	] as const) {
		const { card } = await store.publish('bolts', sampleDraft(Buffer.from(version)));
		const model = { name: 'bolts', version, sha256: modelHash(card) };
		await runs.record(sampleRun({ model, mean: { imageAuroc, aupro: null } }));
	}
});

async function dinomaly(line: string): Promise<{ code: number; out: string; err: string }> {
	let [out, err] = ['', ''];
	const code = await main(line.split(' '), {
		stdout: { write: (text) => (out += text) },
		stderr: { write: (text) => (err += text) },
		env: { DINOMALY_STORE: folder },
		cwd: folder,
		openEngine, // never started: these commands need none
		onInterrupt: () => () => undefined,
		exit: () => undefined,
	});
	return { code, out, err };
}

test('a gate is set once and holds for every promotion, a roll-back is one command, and the history tells all of it', async () => {
	expect((await dinomaly('models gate bolts')).out).toBe(
		'production: no gate, every version may be promoted\n',
	);
	const rules = '--floor imageAuroc=0.9 --max-drop imageAuroc=0.02';
	expect((await dinomaly(`models gate bolts ${rules} --by qa`)).out).toBe(
		'production: mean image AUROC at least 0.9; mean image AUROC may fall by at most 0.02\n',
	);
	expect((await dinomaly('models promote bolts@1 --by eve --why first')).out).toBe(
		'production: not set -> 1\n',
	);
	const refused = await dinomaly('models promote bolts@2');
	expect(refused.code).toBe(3);
	expect(refused.err).toMatch(
		/^error: Expected "bolts" to pass the gate of "production", found: Failed: .*0\.8500, below the floor 0\.9000.*fell by 0\.1000/,
	);
	expect((await dinomaly('models promote bolts@2 --force')).code).toBe(2);
	expect((await dinomaly('models promote bolts@2 --force --why trial --by eve')).out).toBe(
		'production: 1 -> 2\n',
	);
	expect((await dinomaly('models rollback bolts --by eve --why alarms')).out).toBe('production: 2 -> 1\n');
	const { moves } = JSON.parse((await dinomaly('models history bolts --json')).out) as { moves: object[] };
	expect(moves).toMatchObject([
		{ from: null, to: '1', by: 'eve', why: 'first', gate: { passed: true } },
		{ from: '1', to: '2', by: 'eve', why: 'trial', gate: { passed: false } },
		{ from: '2', to: '1', by: 'eve', why: 'alarms', rollback: true },
	]);
	expect((await dinomaly('models gate bolts --none')).out).toContain('no gate');
	expect((await dinomaly('models promote bolts@2')).code).toBe(0);
	expect((await dinomaly('models gate nuts')).err).toContain('Expected a model named "nuts"');
});
