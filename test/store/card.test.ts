import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { DinomalyError } from '../../src/errors';
import { parseCard, readCard } from '../../src/store/card';
import { parseCalibration, pooledScores } from '../../src/store/calibration';
import { JsonFields } from '../../src/store/jsonFields';
import { sampleCalibration, sampleDraft, temporaryFolder } from './sampleModel';
import { thrownBy } from './thrown';

type Json = Record<string, unknown>;

const root = temporaryFolder();
const SHA = '0'.repeat(64);

function sampleCard(): Json {
	const files = { 'decoder.safetensors': { sha256: SHA, bytes: 7 } };
	const card = {
		schemaVersion: 1,
		name: 'bolts',
		version: '1',
		created: '2025-01-31T12:00:00.000Z',
		...sampleDraft().card,
		files,
	};
	return JSON.parse(JSON.stringify(card)) as Json;
}

/** A copy with the value at a dotted path replaced, or deleted when undefined. */
function altered(base: Json, path: string, value: unknown): Json {
	const copy = JSON.parse(JSON.stringify(base)) as Json;
	const keys = path.split('/');
	let target = copy;
	for (const key of keys.slice(0, -1)) target = target[key] as Json;
	target[keys.at(-1)!] = value;
	return JSON.parse(JSON.stringify(copy)) as Json;
}

function parse(card: unknown): unknown {
	return parseCard(new JsonFields(card, 'model.json'), 'model.json');
}

test('a whole card comes back as it is', () => {
	const card = {
		...sampleCard(),
		metrics: { imageAuroc: 0.99, aupro: null },
		parent: { name: 'nuts', version: '3' },
	};
	expect(parse(card)).toEqual(card);
});

test('a field of a later minor version is left out, a later schema is refused with advice', () => {
	expect(parse({ ...sampleCard(), novelty: 1 })).toEqual(sampleCard());
	expect(thrownBy(() => parse({ ...sampleCard(), schemaVersion: 2 }))).toMatchObject({
		message: 'Expected model.json to have schema version 1 or older, found 2',
		hint: expect.stringContaining('update the package'),
	});
});

test.each([
	['schemaVersion', '1', 'Expected "schemaVersion" of model.json to be a whole number from 1, found "1"'],
	['name', '../evil', 'Expected "name" of model.json to be a model name, found "../evil"'],
	['version', '1/../2', 'Expected "version" of model.json to be a version such as "1", found "1/../2"'],
	[
		'created',
		'yesterday',
		'Expected "created" of model.json to be a moment in ISO 8601, found "yesterday"',
	],
	[
		'config/imageSize',
		1e9,
		'Expected "config.imageSize" of model.json to be a whole number from 1 up to 8192, found 1000000000',
	],
	['config/groups', 3, 'Expected "config.groups" of model.json to be one of 1, 2, 4, 8, found 3'],
	[
		'config/mixer',
		{ kind: 'conv', kernel: 4 },
		'Expected "config.mixer.kernel" of model.json to be one of 3, 5, 7, found 4',
	],
	[
		'config/noise',
		{ kind: 'dropout', rate: 2 },
		'Expected "config.noise.rate" of model.json to be a number from 0 up to 1, found 2',
	],
	['config/amsgrad', 'yes', 'Expected "config.amsgrad" of model.json to be true or false, found "yes"'],
	['encoder', [], 'Expected "encoder" of model.json to be an object, found []'],
	[
		'encoder/sha256',
		'AB',
		'Expected "encoder.sha256" of model.json to be a sha256 in lower-case hexadecimal, found "AB"',
	],
	['seed', undefined, 'Expected "seed" of model.json to be a whole number from 0, found nothing'],
	['categories', {}, 'Expected "categories" of model.json to be a list, found {}'],
	[
		'categories/0/name',
		'toString',
		'Expected "categories[0].name" of model.json to be a category name, found "toString"',
	],
	['training/finalLoss', null, 'Expected "training.finalLoss" of model.json to be a number, found null'],
	[
		'files',
		{},
		'Expected "files" of model.json to be a map of file names that has "decoder.safetensors", found {}',
	],
	[
		'files/decoder.safetensors/bytes',
		-1,
		'Expected "files.decoder.safetensors.bytes" of model.json to be a whole number from 0, found -1',
	],
])('%s as %j is refused by name', (path, value, message) => {
	expect(thrownBy(() => parse(altered(sampleCard(), path, value)))).toMatchObject({
		code: 'MODEL_INVALID',
		message,
	});
});

test.each(['../outside', '/etc/passwd', 'sub/file', '..\\outside', 'model.json', '.hidden', 'C:x'])(
	'a card cannot claim the file %j',
	(name) => {
		const card = sampleCard();
		(card.files as Json)[name] = { sha256: SHA, bytes: 1 };
		expect(thrownBy(() => parse(card))).toMatchObject({ code: 'MODEL_INVALID' });
	},
);

test('keys that JavaScript keeps for itself reach nothing', () => {
	const text = JSON.stringify(sampleCard()).replace(
		'"files":{',
		'"files":{"__proto__":{"sha256":"x","bytes":1},',
	);
	expect(thrownBy(() => parse(JSON.parse(text)))).toMatchObject({ code: 'MODEL_INVALID' });
	expect(() => parse(JSON.parse('{"__proto__":{"schemaVersion":1}}'))).toThrow('found nothing');
	expect(() => parse({ ...sampleCard(), metrics: { constructor: 1 } })).toThrow('no metric has this name');
});

test('a category twice is refused', () => {
	const [category] = sampleCard().categories as Json[];
	expect(() => parse({ ...sampleCard(), categories: [category, category] })).toThrow(
		'a category name that is not there twice',
	);
});

test('whatever is put in place of a field, the answer is a card or one sentence', () => {
	const paths = [
		'name',
		'version',
		'config',
		'config/mixer',
		'config/noise',
		'encoder',
		'categories',
		'data',
		'training',
		'versions',
		'files',
	];
	fc.assert(
		fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, value) => {
			try {
				parse(altered(sampleCard(), path, value));
			} catch (error) {
				expect(error).toBeInstanceOf(DinomalyError);
				expect((error as DinomalyError).message).toMatch(/^Expected .* found .*$/);
			}
		}),
	);
});

test('a card of gigabytes is refused before it is read', async () => {
	const folder = join(root, 'large');
	mkdirSync(folder);
	writeFileSync(join(folder, 'model.json'), Buffer.alloc(5 << 20, ' '));
	await expect(readCard(folder)).rejects.toThrow('to have at most 4194304 bytes, found 5242880');
});

describe('calibration', () => {
	const parsed = (value: unknown): unknown =>
		parseCalibration(new JsonFields(value, 'calibration.json'), 'calibration.json');

	test('a whole calibration comes back as it is', () => {
		const calibration = { ...sampleCalibration(), anomalousScores: { bolt: [0.5] } };
		expect(parsed(JSON.parse(JSON.stringify(calibration)))).toEqual(calibration);
	});

	test.each([
		[
			'scores/bolt',
			[0.2, 0.1],
			'Expected "scores.bolt" of calibration.json to be ascending finite numbers, found 0.1 at place 1',
		],
		[
			'scores/bolt',
			[null],
			'Expected "scores.bolt" of calibration.json to be ascending finite numbers, found null at place 0',
		],
		[
			'scores',
			{ constructor: [] },
			'Expected "scores.constructor" of calibration.json to be absent, since no category has this name, found []',
		],
		['scores', {}, 'Expected "pixel.bolt" of calibration.json to be a category that has scores, found {'],
		[
			'pooledPixel/quantiles',
			[{ level: 1, value: 1 }],
			'Expected "pooledPixel.quantiles[0].level" of calibration.json to be between 0 and 1, found 1',
		],
		[
			'pooledPixel/quantiles',
			[
				{ level: 0.5, value: 2 },
				{ level: 0.9, value: 1 },
			],
			'Expected "pooledPixel.quantiles[1].value" of calibration.json to be at least 2, the value of the level before, found 1',
		],
	])('%s as %j is refused by name', (path, value, message) => {
		const hostile = altered(JSON.parse(JSON.stringify(sampleCalibration())) as Json, path, value);
		expect(() => parsed(hostile)).toThrow(message);
	});

	test('pooled scores are those of all categories in order', () => {
		const calibration = { ...sampleCalibration(), scores: { bolt: [0.1, 0.3], nut: [0.05, 0.2, 10] } };
		expect([...pooledScores(calibration)]).toEqual([0.05, 0.1, 0.2, 0.3, 10]);
	});
});
