// What fuzzing found, each as a test of its own.
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseCsv } from '../../src/dataset/csv';
import { readDistribution } from '../../src/distribution/distributionFile';
import { writeZip } from '../../src/files/zip';
import { judgeDrift } from '../../src/evaluation/drift/judge';
import { checkPlan } from '../../src/training/plan';
import { decodeImage } from '../../src/runtime/images';
import { JsonFields } from '../../src/store/jsonFields';
import { importPackage } from '../../src/store/modelPackage';
import type { ModelStore } from '../../src/store/modelStore';
import { readZones } from '../../src/store/zonesFile';
import { parseSafetensors, writeSafetensors } from '../../src/weights/safetensors';
import { parseZones, requestedZone } from '../../src/zones/zonesRequest';
import { refusalOf } from '../support/refusals';

const folder = mkdtempSync(path.join(tmpdir(), 'dinomaly-found-'));
afterAll(() => {
	rmSync(folder, { recursive: true, force: true });
});
const named = (file: string): never => ({ files: { [file]: { sha256: 'a'.repeat(64), bytes: 1 } } }) as never;

function deep(levels = 50_000): unknown {
	return JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);
}

function safetensors(header: string, dataBytes = 0): Uint8Array {
	const opening = Buffer.alloc(8);
	opening.writeBigUInt64LE(BigInt(header.length));
	return new Uint8Array(Buffer.concat([opening, Buffer.from(header), Buffer.alloc(dataBytes)]));
}

test('a value nested deeper than the stack is refused in a sentence', () => {
	const nested = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
	expect(
		refusalOf(() => new JsonFields({ version: deep() }, 'model.json').text('version')).message,
	).toMatch(/^Expected "version" of model.json to be text of 1 to 1000 characters, found \[\[\[.*\.\.\.$/);
	expect(refusalOf(() => parseSafetensors(safetensors(`{"a":${nested}}`))).code).toBe('WEIGHTS_INVALID');
	expect(refusalOf(() => parseZones({ zones: [{ use: 'inspect', polygon: deep() }] }, String)).code).toBe(
		'CONFIG_INVALID',
	);
});

test('a shape of a hundred thousand sides is refused at once', () => {
	const shape = Array.from({ length: 100_000 }, () => Number.MAX_SAFE_INTEGER).join();
	const header = `{"a":{"dtype":"F32","shape":[${shape}],"data_offsets":[0,4]}}`;
	const start = performance.now();
	const { message } = refusalOf(() => parseSafetensors(safetensors(header, 4), 'a.safetensors'));
	expect(message).toBe('Expected at most 16 dimensions for tensor "a" of a.safetensors, found 100000');
	expect(performance.now() - start).toBeLessThan(1000);
});

test('names from a file neither garble a log nor flood it', () => {
	const key = `\u001b[2J${'x'.repeat(10_000)}`;
	const { message } = refusalOf(() => new JsonFields({ [key]: 1 }, 'model.json').object(key));
	expect(message).toMatch(/^Expected "\\u001b\[2Jx+\.\.\." of model.json/);
	expect(message.length).toBeLessThan(250);
	expect(
		refusalOf(() => requestedZone({ name: 'z'.repeat(10_000), use: 'inspect' })).message.length,
	).toBeLessThan(300);
});

test('a BMP that claims a hundred megapixels gets no memory for them', async () => {
	const bmp = Buffer.alloc(60);
	bmp.write('BM', 0, 'latin1');
	for (const [value, at] of [
		[54, 10],
		[40, 14],
		[10_000, 18],
		[10_000, 22],
	])
		bmp.writeInt32LE(value, at);
	bmp.writeUInt16LE(24, 28);
	const before = process.memoryUsage().arrayBuffers;
	await expect(decodeImage(bmp)).rejects.toMatchObject({
		code: 'IMAGE_UNREADABLE',
		message: expect.stringContaining('cut short'),
	});
	expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50e6);
});

test('a mask of a hundred million rows, a hundred thousand corners and endless coordinates are refused', async () => {
	const file = path.join(folder, 'zones.json');
	const zone = (shape: unknown) => ({ name: 'a', use: 'inspect', shape });
	const documents = [
		{ size: { width: 1, height: 100_000_000 }, zones: [zone({ kind: 'mask', runs: [0, 100_000_000] })] },
		{ size: { width: 1_000_000, height: 1_000_000 }, zones: [zone({ kind: 'mask', runs: [0, 1e12] })] },
		{
			size: { width: 9, height: 9 },
			zones: [zone({ kind: 'polygon', corners: Array.from({ length: 200_000 }, () => 1) })],
		},
		{
			size: { width: 9, height: 9 },
			zones: [zone({ kind: 'polygon', corners: [0, 0, 1e308, -1e308, 1, 1e308] })],
		},
	];
	for (const document of documents) {
		writeFileSync(file, JSON.stringify({ schemaVersion: 1, ...document }));
		await expect(readZones(folder, named('zones.json'))).rejects.toMatchObject({ code: 'MODEL_INVALID' });
	}
});

test('a billion embeddings of no values are refused', async () => {
	await writeSafetensors(
		path.join(folder, 'distribution.safetensors'),
		[{ name: 'controls', dtype: 'F32', shape: [1_000_000_000, 0], data: new Float32Array(0) }],
		{ distribution: '{"schemaVersion":1,"categories":[]}' },
	);
	const card = named('distribution.safetensors');
	await expect(readDistribution({ card, path: folder })).rejects.toMatchObject({ code: 'MODEL_INVALID' });
});

test('a table of a million columns is refused before its rows are filled up', () => {
	const { code, message } = refusalOf(() => parseCsv(`${','.repeat(1_000_000)}\n${'a\n'.repeat(100_000)}`));
	expect(code).toBe('DATASET_LAYOUT');
	expect(message).toContain('found 1000001');
});

test('an archive that unpacks to far more than it has is refused before anything is unpacked', async () => {
	const card = path.join(folder, 'model.json');
	writeFileSync(card, '{}');
	const archive = path.join(folder, 'bomb.zip');
	await writeZip(archive, [
		{ name: 'model.json', file: card },
		{ name: 'decoder.safetensors', file: card },
	]);
	const bytes = readFileSync(archive);
	bytes.writeUInt32LE(2_000_000_000, bytes.lastIndexOf('PK\x01\x02', bytes.length, 'latin1') + 24);
	const store = { importFolder: () => Promise.resolve({}) } as unknown as ModelStore;
	await expect(importPackage(store, bytes)).rejects.toMatchObject({
		code: 'MODEL_INVALID',
		message: expect.stringContaining('found one that unpacks from'),
	});
});

test("a plan's values neither garble the sentence nor overflow the stack", async () => {
	const training = { folder };
	const nested = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
	for (const encoder of ['"\\u001b[2J\\n"', nested]) {
		writeFileSync(path.join(folder, 'plan.json'), `{"encoderSha256":${encoder}}`);
		const refused = checkPlan(training, { encoderSha256: 'a' } as Parameters<typeof checkPlan>[1]);
		await expect(refused).rejects.toMatchObject({
			code: 'CONFIG_INVALID',
			message: expect.stringMatching(/found another encoder: (\\u001b|\[\[)\P{Cc}+ then, a now$/u),
		});
	}
});

test('a plan of any size is refused unread', async () => {
	const plan = path.join(folder, 'plan.json');
	writeFileSync(plan, '{"encoderSha256":"a"}');
	const asked = { encoderSha256: 'a' } as Parameters<typeof checkPlan>[1];
	await checkPlan({ folder }, asked);
	// Valid JSON with the same content, and a gigabyte of nothing behind it.
	truncateSync(plan, 2 ** 30);
	await expect(checkPlan({ folder }, asked)).rejects.toMatchObject({
		code: 'CONFIG_INVALID',
		message: expect.stringContaining('found another encoder: nothing then, a now'),
	});
});

/** What drift holds recent images against: a calibration with these scores. */
const referenceOf = (scores: readonly number[]) => ({
	category: null,
	categories: 1,
	scores,
	threshold: 1,
	thresholdBasis: '',
	images: undefined,
});

test('a score that is no number is refused by drift, which would look for its place for ever', () => {
	const scores = Array.from({ length: 40 }, (_, i) => i);
	const reference = referenceOf(scores);
	const { code, message } = refusalOf(() =>
		judgeDrift({ scores: [...scores, NaN], statistics: [] }, reference),
	);
	expect([code, message]).toEqual([
		'SCORE_NOT_FINITE',
		'Expected every score of the recent images to be a finite number, found NaN for image 41 of 41',
	]);
});

test('the median of scores at the end of the range is one of them, not infinite', () => {
	const scores = new Array<number>(40).fill(1e308);
	const reference = referenceOf(scores);
	const { checks } = judgeDrift({ scores, statistics: [] }, reference);
	expect(checks.map(({ medianNow }) => medianNow)).toEqual([1e308]);
});
