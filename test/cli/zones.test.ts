import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CalibrateRequest } from '../../src/calibration/request';
import { main } from '../../src/cli/main';
import { openEngine, type Engine } from '../../src/engine/host';
import { FolderStore } from '../../src/store/folderStore';
import { zonesDocument } from '../../src/store/zonesFile';
import type { TrainRequest } from '../../src/training/request';
import { sampleDraft } from '../store/sampleModel';

const ENTRY = join(__dirname, '..', 'support', 'fakeEngine.cjs');
const FILE = {
	imageSize: '640x480',
	zones: [
		{ name: 'label', use: 'ignore', rectangle: '10,20,30,40' },
		{ name: 'seal', use: 'inspect', mask: 'masks/seal.png' },
	],
};

let folder: string;
beforeAll(async () => {
	folder = mkdtempSync(join(tmpdir(), 'dinomaly-cli-zones-'));
	writeFileSync(join(folder, 'zones.json'), JSON.stringify(FILE));
	writeFileSync(join(folder, 'torn.json'), '{ "imageSize": ');
	const store = new FolderStore(join(folder, 'store'));
	const draft = sampleDraft();
	await store.publish('bolts', draft);
	const zones = {
		size: { width: 4, height: 4 },
		zones: [{ name: 'label', use: 'ignore' as const, shape: { kind: 'mask' as const, runs: [8, 8] } }],
	};
	await store.publish('bolts', {
		...draft,
		files: { ...draft.files, 'zones.json': { json: zonesDocument(zones) } },
	});
});
afterAll(async () => {
	await openEngine({ entry: ENTRY }).close();
	rmSync(folder, { recursive: true });
});

/** Closing is left to the end, so that the tests share one process. */
function testEngine(): Engine {
	const engine = openEngine({ entry: ENTRY });
	return Object.assign(Object.create(engine) as Engine, { close: () => Promise.resolve() });
}

async function dinomaly(line: string): Promise<{ code: number; out: string; err: string }> {
	let [out, err] = ['', ''];
	const code = await main(line.split(' '), {
		stdout: { write: (text) => (out += text) },
		stderr: { write: (text) => (err += text) },
		env: { DINOMALY_STORE: join(folder, 'store') },
		cwd: folder,
		openEngine: testEngine,
		onInterrupt: () => () => undefined,
		exit: () => undefined,
	});
	return { code, out, err };
}

async function calibrateRequest(flags: string): Promise<CalibrateRequest> {
	const { out, err } = await dinomaly(`models calibrate bolts@1 --json ${flags}`);
	if (out === '') throw new Error(err);
	return (JSON.parse(out) as { request: CalibrateRequest }).request;
}

const REQUESTED = {
	size: { width: 640, height: 480 },
	zones: [
		{ name: 'label', use: 'ignore', shape: { kind: 'polygon' } },
		{ name: 'seal', use: 'inspect', shape: { kind: 'maskFile' } },
	],
};

test('a zones file goes with a calibration, its masks counted from its folder', async () => {
	const { zones } = await calibrateRequest('--data parts --zones zones.json');
	expect(zones).toMatchObject(REQUESTED);
	expect(zones?.zones[1].shape).toEqual({ kind: 'maskFile', file: join(folder, 'masks', 'seal.png') });
	const { out } = await dinomaly('models calibrate bolts@1 --data parts --zones zones.json');
	expect(out).toContain('It ignores label.');
});

test('without a zones file they stay, and --no-zones takes them away', async () => {
	expect(await calibrateRequest('--data parts')).not.toHaveProperty('zones');
	expect((await calibrateRequest('--data parts --no-zones')).zones).toBeNull();
});

test('a zones file goes with a training', async () => {
	const { out } = await dinomaly('train --data d --model m --zones zones.json --json');
	const [{ request }] = (JSON.parse(out) as { models: { request: TrainRequest }[] }).models;
	expect(request.zones).toMatchObject(REQUESTED);
});

test.each([
	[
		'models calibrate bolts@1 --data parts --zones zones.json --no-zones',
		2,
		'Expected --zones or --no-zones, found both',
	],
	['models calibrate bolts@1 --data parts --zones none.json', 1, 'Expected a zones file at'],
	['train --data d --model m --zones torn.json', 1, 'to hold JSON, found something else'],
])('%s', async (line, code, message) => {
	const run = await dinomaly(line);
	expect([run.code, run.out]).toEqual([code, '']);
	expect(run.err).toContain(message);
});

test('scores that were measured in other zones set no thresholds', async () => {
	const images = [{ score: 0.1, category: 'bolt', anomalous: false }];
	const file = join(folder, 'evaluated.json');
	const calibrate = (zonesSha256: string | null, ref: string): ReturnType<typeof dinomaly> => {
		writeFileSync(file, JSON.stringify({ images, madeWith: { zonesSha256 } }));
		return dinomaly(`models calibrate ${ref} --scores evaluated.json --json`);
	};
	const { card } = await new FolderStore(join(folder, 'store')).open('bolts@2');
	const own = card.files['zones.json'].sha256;
	expect((await calibrate(own, 'bolts@2')).code).toBe(0);
	expect((await calibrate(null, 'bolts@1')).code).toBe(0);
	for (const [sha256, ref] of [
		[null, 'bolts@2'],
		[own, 'bolts@1'],
	] as const)
		expect((await calibrate(sha256, ref)).err).toContain(
			`Expected scores that were measured in the zones of "${ref}", found those of a model that looks elsewhere`,
		);
});

test('a model shows where it looks', async () => {
	const { out } = await dinomaly('models show bolts@2');
	expect(out).toMatch(/zones +ignores label, on images of 4 x 4 pixels/);
	expect((await dinomaly('models show bolts@1')).out).not.toMatch(/^zones /m);
});
