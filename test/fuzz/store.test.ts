import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TrainingJobs } from '../../src/jobs/trainingJobs';
import { ALARM_BOOK, enterParts } from '../../src/routing/alarm/alarmBook';
import { keyOf } from '../../src/routing/alarm/key';
import { AliasBook } from '../../src/store/aliasBook';
import { readCalibration } from '../../src/store/calibration';
import { readCard } from '../../src/store/card';
import { CheckpointFolder } from '../../src/store/checkpoints';
import { readRunFile } from '../../src/store/evaluationRun';
import { GateBook } from '../../src/store/gateBook';
import { readCheck } from '../../src/store/precisionCheck';
import { readOwner } from '../../src/store/lockOwner';
import { parseRef } from '../../src/store/names';
import type { Bucket } from '../../src/store/objects/bucket';
import { LedgerObject, parseDocument } from '../../src/store/objects/ledger';
import { readZones } from '../../src/store/zonesFile';
import { readPin } from '../../src/weights/pins';
import { PixelArea } from '../../src/zones/pixelArea';
import { sampleCalibration, sampleDraft } from '../store/sampleModel';
import { sampleRun } from '../store/sampleRun';
import { fuzz } from './support/fuzz';
import { mutateBytes, mutateJsonText } from './support/mutate';

const folder = mkdtempSync(path.join(tmpdir(), 'dinomaly-fuzz-store-'));
afterAll(() => {
	rmSync(folder, { recursive: true, force: true });
});

const digest = { sha256: 'a'.repeat(64), bytes: 3 };
const at = '2026-01-31T12:00:00.000Z';
const named = (file: string): never => ({ files: { [file]: digest } }) as never;

const CARD = {
	...sampleDraft().card,
	schemaVersion: 1,
	name: 'bolts',
	version: '1',
	created: at,
	files: { 'decoder.safetensors': digest, 'calibration.json': digest },
	parent: { name: 'bolts', version: '2' },
	metrics: { imageAuroc: 0.5 },
};
const ZONES = {
	schemaVersion: 1,
	size: { width: 4, height: 3 },
	zones: [
		{ name: 'seal', use: 'inspect', shape: { kind: 'polygon', corners: [0, 0, 4, 0, 2, 3] } },
		{ name: 'label', use: 'ignore', category: 'bolt', shape: { kind: 'mask', runs: [2, 3, 7] } },
	],
};
const INT8 = {
	schemaVersion: 1,
	created: at,
	source: 'parts',
	normal: 3,
	anomalous: 2,
	rankCorrelation: 1,
	largestChange: 0.1,
	maskChange: 0,
	speedup: 2,
	milliseconds: { float32: 2, int8: 1 },
	processor: 'any',
};
const FLOAT16 = { ...INT8, milliseconds: { float32: 2, float16: 1 }, device: 'webgpu' };
const GATE = { schemaVersion: 1, rules: [{ metric: 'imageAuroc', scope: 'mean', floor: 0.9 }], at, by: 'me' };
const MOVE = {
	alias: 'production',
	from: null,
	to: '1',
	at,
	by: 'me',
	gate: { passed: true, reason: 'good', run: null },
};
const LEDGER = {
	schemaVersion: 1,
	token: 't',
	aliases: { production: '1' },
	removed: [2],
	history: [MOVE],
	gates: { production: GATE },
};
const JOB_ID = '20260131T120000000Z-0123abcd';
const JOB = {
	schemaVersion: 1,
	id: JOB_ID,
	state: 'running',
	created: at,
	updated: at,
	request: { model: 'bolts', data: '/data' },
	origin: { node: 'Train' },
	models: [],
	owner: { token: 't', pid: 1, host: 'h', since: at },
};

fuzz(
	'model card',
	fromFile('model.json', CARD, () => readCard(folder), 3),
);
fuzz(
	'calibration',
	fromFile('calibration.json', sampleCalibration(), () => readCalibration(folder), 2),
);
fuzz(
	'zones of a model, and the pixels that they leave',
	fromFile(
		'zones.json',
		ZONES,
		async () => {
			const zones = await readZones(folder, named('zones.json'));
			if (zones !== undefined) PixelArea.of(zones.zones, zones.size, { width: 20, height: 10 });
		},
		3,
	),
);
fuzz(
	'int8 check',
	fromFile('int8.json', INT8, () => readCheck(folder, named('int8.json'), 'int8')),
);
fuzz(
	'float16 check',
	fromFile('float16.json', FLOAT16, () => readCheck(folder, named('float16.json'), 'float16')),
);
fuzz(
	'evaluation',
	fromFile('run.json', sampleRun(), () => readRunFile(path.join(folder, 'run.json')), 2),
);
fuzz(
	'alias',
	fromFile('a.json', { schemaVersion: 1, version: '1' }, () => new AliasBook(folder).versionOf('a')),
);
fuzz('history of aliases, lines of JSON', {
	input: (random) => {
		const lines = Buffer.concat([
			mutateJsonText(MOVE, random),
			Buffer.from(`\n${JSON.stringify(MOVE)}\n`),
		]);
		return random.integer(2) === 0 ? mutateBytes(lines, random) : new Uint8Array(lines);
	},
	parse: async (bytes) => {
		writeFileSync(path.join(folder, 'history.jsonl'), bytes);
		await new AliasBook(folder).history();
	},
});
fuzz(
	'gates',
	fromFile('gates/production.json', GATE, () => new GateBook(path.join(folder, 'gates')).all()),
);
fuzz('ledger of object storage', {
	input: (random) => mutateJsonText(LEDGER, random),
	parse: (bytes) => {
		const bucket = {
			what: 's3://bucket',
			get: () => Promise.resolve({ bytes: Buffer.from(bytes), etag: 'e' }),
		};
		return new LedgerObject(bucket as unknown as Bucket, 'ledger.json').read();
	},
	share: 2,
});
fuzz('checkpoint', {
	input: (random) => mutateJsonText({ schemaVersion: 1, step: 5, files: { 'state.bin': digest } }, random),
	parse: async (bytes) => {
		const checkpoint = path.join(folder, 'checkpoints', 'step-5.1');
		mkdirSync(checkpoint, { recursive: true });
		writeFileSync(path.join(checkpoint, 'checkpoint.json'), bytes);
		writeFileSync(path.join(checkpoint, 'state.bin'), 'abc');
		await new CheckpointFolder(path.join(folder, 'checkpoints')).latest();
	},
});
fuzz('training job', {
	input: (random) => mutateJsonText(JOB, random),
	parse: async (bytes) => {
		const job = path.join(folder, 'jobs', JOB_ID);
		mkdirSync(job, { recursive: true });
		writeFileSync(path.join(job, 'job.json'), bytes);
		await new TrainingJobs(folder).read(JOB_ID);
	},
});
fuzz('memory of alarms', {
	input: (random) => {
		const rule = { badParts: 1, window: 1, coolDownMs: 0 } as never;
		const { value } = enterParts(new Map(), [{ key: keyOf([['camera', '1']]), route: 'anomaly', rule }], {
			at: 1,
			day: '2026-01-31',
		});
		return mutateJsonText(ALARM_BOOK.print(value), random);
	},
	parse: (bytes) => ALARM_BOOK.parse(parseDocument(Buffer.from(bytes), 'alarms.json')),
});
fuzz(
	'owner of a lock',
	fromFile('owner.json', JOB.owner, () => readOwner(path.join(folder, 'owner.json'))),
);
fuzz(
	'hashes of encoders',
	fromFile('pins.json', { a: { ...digest, from: 'hub', pinned: at } }, () => readPin(folder, 'a')),
);
fuzz('reference to a model', {
	input: (random) => Buffer.from(mutateBytes(Buffer.from('bottles@production'), random)).toString('latin1'),
	parse: parseRef,
	share: 2,
});

/** A JSON file of the store, mutated, written into the folder and read by its reader. */
function fromFile(name: string, seed: unknown, parse: () => unknown, share = 1) {
	const file = path.join(folder, name);
	mkdirSync(path.dirname(file), { recursive: true });
	return {
		input: (random: Parameters<typeof mutateJsonText>[1]) => mutateJsonText(seed, random),
		parse: (bytes: Uint8Array) => {
			writeFileSync(file, bytes);
			return parse();
		},
		show: (bytes: Uint8Array) => Buffer.from(bytes).toString().slice(0, 3000),
		share,
	};
}
