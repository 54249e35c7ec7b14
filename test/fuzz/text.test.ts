import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseCsv } from '../../src/dataset/csv';
import { IndexFile } from '../../src/dataset/intake/indexFile';
import { scanDataset } from '../../src/dataset/scan';
import { parseGrid } from '../../src/training/tiles';
import { checkZones } from '../../src/zones/checkZones';
import type { InspectionZones } from '../../src/zones/inspectionZones';
import { imageSizeOf, parseZones } from '../../src/zones/zonesRequest';
import { polygonZone, rectangleZone } from '../../src/zones/shapes';
import { fuzz } from './support/fuzz';
import { mutateBytes, mutateJson, mutateJsonText } from './support/mutate';

const folder = mkdtempSync(path.join(tmpdir(), 'dinomaly-fuzz-text-'));
afterAll(() => {
	rmSync(folder, { recursive: true, force: true });
});

const CSV =
	'object,split,label,image,mask\r\nbolt,train,normal,"a ""b"".png",\nbolt,test,anomaly,c.png,m.png\n';
const ZONES = {
	imageSize: '64x48',
	zones: [
		{ name: 'seal', use: 'inspect', rectangle: [1, 2, 30, 20] },
		{ name: 'label', use: 'ignore', category: 'bolt', polygon: '1,1 9,1 5,8' },
		{
			use: 'ignore',
			polygon: [
				[1, 1],
				[9, 1],
				[5, 8],
			],
		},
	],
};
const LIST = {
	meta: { prefix: 'bolt', normal_class: 'OK' },
	train: [{ anomaly_class: 'OK', image_path: 'a.png' }],
	test: [{ anomaly_class: 'NG', image_path: '../b.png', mask_path: null }],
};
const KNOWN = { path: 'good/a.png', bytes: 5, mtimeMs: 1, sha256: 'a'.repeat(64) };
const asText = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

fuzz('CSV', {
	input: (random) => asText(mutateBytes(Buffer.from(CSV.repeat(20)), random)),
	parse: parseCsv,
	share: 3,
});
fuzz('CSV of VisA', {
	input: (random) => mutateBytes(Buffer.from(CSV), random),
	parse: (bytes) => scan('visa', 'split_csv/1cls.csv', bytes),
	share: 0.3,
});
fuzz('lists of Real-IAD', {
	input: (random) => mutateJsonText(LIST, random),
	parse: (bytes) => scan('real-iad', 'realiad_jsons/bolt.json', bytes),
	share: 0.3,
});
fuzz('index of a dataset, lines of JSON', {
	input: (random) => new Uint8Array(Buffer.concat([mutateJsonText(KNOWN, random), Buffer.from('\n{}\n')])),
	parse: async (bytes) => {
		const file = path.join(folder, 'index.jsonl');
		writeFileSync(file, bytes);
		await new IndexFile(file).read();
	},
});
fuzz('zones that somebody asks for', {
	input: (random) => mutateJson(ZONES, random),
	parse: (content) => {
		const { size = { width: 640, height: 480 }, zones } = parseZones(content, (file) => file);
		const drawn = zones.filter(({ shape }) => shape.kind === 'polygon') as InspectionZones['zones'];
		if (size.width * size.height < 1e6) checkZones({ size, zones: drawn }, ['bolt']);
	},
	show: (content) => JSON.stringify(content).slice(0, 3000),
	share: 3,
});
fuzz('rectangles, polygons, sizes and grids as text', {
	input: (random) => asText(mutateBytes(Buffer.from('10,10 200,20 120,180 640x480'), random)),
	parse: (text) => {
		parseGrid(text);
		for (const read of [
			imageSizeOf,
			(one: string) => rectangleZone('a', one),
			(one: string) => polygonZone('a', one),
		])
			expect(() => read(text)).not.toThrow(TypeError);
	},
	share: 3,
});

async function scan(dataset: string, file: string, bytes: Uint8Array): Promise<void> {
	const root = path.join(folder, dataset);
	mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
	writeFileSync(path.join(root, file), bytes);
	await scanDataset(root);
}
