import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readZones, ZONES_FILE, zonesDocument } from '../../src/store/zonesFile';
import type { InspectionZones } from '../../src/zones/inspectionZones';

const ZONES: InspectionZones = {
	size: { width: 4, height: 3 },
	zones: [
		{
			name: 'label',
			use: 'ignore',
			category: 'bolt',
			shape: {
				kind: 'polygon',
				corners: [
					[0, 0],
					[2.5, 0],
					[0, 2],
				],
			},
		},
		{ name: 'part', use: 'inspect', shape: { kind: 'mask', runs: [0, 5, 7] } },
	],
};
const LISTED = { files: { [ZONES_FILE]: { sha256: '0'.repeat(64), bytes: 1 } } };

let folder: string;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), 'dinomaly-zones-'));
});
afterEach(() => {
	rmSync(folder, { recursive: true });
});

function write(content: unknown): void {
	writeFileSync(join(folder, ZONES_FILE), JSON.stringify(content));
}

test('zones come back as they were written', async () => {
	write(zonesDocument(ZONES));
	expect(await readZones(folder, LISTED)).toEqual(ZONES);
});

test('a file that the card does not list is no part of the model', async () => {
	write(zonesDocument(ZONES));
	expect(await readZones(folder, { files: {} })).toBeUndefined();
});

test.each<[string, object, RegExp]>([
	['no zones', { ...zonesDocument(ZONES), zones: [] }, /"zones" of .* to be a list of one zone at least/],
	[
		'a mask that does not fill the image',
		zonesDocument({ ...ZONES, size: { width: 5, height: 3 } }),
		/"zones\[1\].shape.runs" of .* to be whole numbers that add up to 15/,
	],
	[
		'half a corner',
		{
			...zonesDocument(ZONES),
			zones: [{ name: 'a', use: 'ignore', shape: { kind: 'polygon', corners: [0, 0, 1, 1, 2, 2, 3] } }],
		},
		/corners" of .* three corners at least/,
	],
	['a later layout', { ...zonesDocument(ZONES), schemaVersion: 2 }, /schema version 1 or older, found 2/],
])('%s is refused', async (_, content, message) => {
	write(content);
	await expect(readZones(folder, LISTED)).rejects.toMatchObject({
		code: 'MODEL_INVALID',
		message: expect.stringMatching(message),
	});
});
