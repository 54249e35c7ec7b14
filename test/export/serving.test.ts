import {
	cpSync,
	existsSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { refitCalibration } from '../../src/calibration/refit';
import { exportModel } from '../../src/export/exportModel';
import type { ExportCheck, ExportRequest, ExportResult } from '../../src/export/request';
import type { ImageScore, ScoreOutcome, ScoreRequest, ServedBy } from '../../src/scoring/request';
import { scoreImages } from '../../src/scoring/score';
import { checkServer } from '../../src/serving';
import { FolderStore } from '../../src/store/folderStore';
import { trainModel } from '../../src/training/train';
import type { TrainRequest } from '../../src/training/request';
import { requestedZone } from '../../src/zones/zonesRequest';
import { serveRepository, type TestServer } from '../support/inferenceServer';
import { hasInt8Instructions } from '../support/int8';
import { parseModel } from '../support/onnxReader';
import { isOurServer, otherServer, type OtherServer } from '../support/otherServer';
import { refusal } from '../support/refusals';
import { drawTinyDataset } from '../support/tinyDataset';
import { writeTinyEncoder } from '../support/tinyEncoder';

const TOKEN = 'bearer-of-the-test-42';
const SIDE = 40;
const signal = new AbortController().signal;
const context = { signal, onProgress: () => undefined };
const cpu = { device: 'cpu', threads: 1 } as const;
const testOfOurServer = isOurServer ? test : test.skip;

let root: string;
let store: string;
let data: string;
let repository: string;
let server: TestServer;
let other: OtherServer | undefined;

beforeAll(async () => {
	root = mkdtempSync(path.join(tmpdir(), 'dinomaly-serving-'));
	store = path.join(root, 'store');
	data = path.join(root, 'data');
	other = isOurServer ? undefined : otherServer();
	repository = other?.models ?? path.join(root, 'models');
	await drawTinyDataset(data, ['bolt'], 16);
	await writeTinyEncoder(path.join(root, 'encoder.safetensors'));
	await train('tiny', { encoder: path.join(root, 'encoder.safetensors') });
	await train('seeing', { encoder: 'descriptors' });
	await train('tiled', {
		encoder: path.join(root, 'encoder.safetensors'),
		tiles: { sidePx: 24, overlap: 0.25 },
	});
	server = other?.server ?? (await serveRepository(repository, { token: TOKEN }));
	for (const model of ['tiny', 'seeing', 'tiled']) await write({ model, repository });
});

afterAll(async () => {
	await server.close();
	rmSync(root, { recursive: true, force: true });
});

afterEach(() => {
	for (const key of Object.keys(server.mood)) Reflect.deleteProperty(server.mood, key);
});

async function train(model: string, more: Partial<TrainRequest>): Promise<void> {
	await trainModel(
		{
			...{ store, data, model, calibrationShare: 0.4, ...cpu },
			overrides: { imageSize: 64, cropSize: 64, batchSize: 4, iterations: 1, warmup: 0 },
			...more,
		},
		context,
	);
}

async function write(more: Partial<ExportRequest>): Promise<ExportResult> {
	const written = await exportModel({ store, model: 'tiny', threads: 1, ...more }, { signal });
	if (written.serverModel !== undefined && more.repository === repository)
		await other?.untilLoaded(written.serverModel, written.version);
	return written;
}

const NAMES = ['good/0', 'good/1', 'square/0', 'square/1'];

function score(model: string, more: Partial<ScoreRequest> = {}): Promise<ScoreOutcome[]> {
	const images = NAMES.map((name) => ({ file: path.join(data, 'bolt', 'test', `${name}.png`) }));
	return scoreImages({ store, model, images, ...cpu, ...more }, { signal, onOutcome: () => undefined });
}

function onServer(more: Partial<ServedBy> = {}): Pick<ScoreRequest, 'servedBy'> {
	return { servedBy: { server: checkServer({ url: server.url, token: TOKEN }), ...more } };
}

async function scored(model: string, more: Partial<ScoreRequest> = {}): Promise<ImageScore[]> {
	return (await score(model, { outputs: { heatmap: true, mask: true, rawMap: true }, ...more })).map(
		(one) => {
			if ('error' in one) throw new Error(one.error.message);
			return one;
		},
	);
}

/** All that a score says must be the same, numbers that are summed to a hundred thousandth of themselves. */
function expectSame(served: readonly ImageScore[], own: readonly ImageScore[]): void {
	expect(served).toHaveLength(own.length);
	for (const [i, { score: value, rawMap, regions, ...rest }] of own.entries()) {
		const one = served[i];
		expect(Math.abs(one.score - value) / value).toBeLessThan(1e-5);
		let largest = 0;
		for (let k = 0; k < rawMap!.length; k++)
			if (!Number.isNaN(rawMap![k])) largest = Math.max(largest, Math.abs(rawMap![k] - one.rawMap![k]));
		expect(largest).toBeLessThan(1e-5);
		expect(one).toMatchObject({
			...{ device: 'server', verdict: rest.verdict, threshold: rest.threshold },
			...{ resembles: rest.resembles, outOfDistribution: rest.outOfDistribution },
			...{ width: rest.width, mapWidth: rest.mapWidth, inspectedShare: rest.inspectedShare },
		});
		// An image of the calibration ties with itself, and rounding moves it past itself: one rank.
		expect(Math.abs(one.pValue! - rest.pValue!)).toBeLessThan(1.001 / (rest.calibrationImages! + 1));
		if (rest.distributionDistance !== null)
			expect(one.distributionDistance).toBeCloseTo(rest.distributionDistance, 5);
		expect(one.regions.map(({ box, areaPx }) => [box, areaPx])).toEqual(
			regions.map(({ box, areaPx }) => [box, areaPx]),
		);
		expect(Buffer.from(one.maskPng!).equals(Buffer.from(rest.maskPng!))).toBe(true);
		expect(one.heatmapPng!.length).toBeGreaterThan(100);
	}
}

describe('a server scores as the engine does', () => {
	test.each(['tiny', 'seeing', 'tiled'])('%s', async (model) => {
		const own = await scored(model);
		expectSame(await scored(model, onServer()), own);
		if (isOurServer) expect(server.asked).toContain(`POST /v2/models/${model}/versions/1/infer`);
	});

	test('what is unlike anything seen in training is unknown there too', async () => {
		const images = [{ file: path.join(root, 'black.png') }];
		const sharp = (await import('sharp')).default;
		await sharp({ create: { width: 64, height: 64, channels: 3, background: '#000' } }).toFile(
			images[0].file,
		);
		const [own] = (await score('seeing', { images })) as ImageScore[];
		const [served] = (await score('seeing', { images, ...onServer() })) as ImageScore[];
		expect(own.verdict).toBe('unknown');
		expect(served).toMatchObject({ verdict: 'unknown', unknownReason: own.unknownReason });
	});

	testOfOurServer('values in JSON serve as well as bytes', async () => {
		server.mood.json = true;
		expectSame(await scored('tiny', onServer()), await scored('tiny'));
	});

	test('a version with zones, calibrated anew, needs no new export: the weights are the same', async () => {
		const rectangle = '8, 8, 24, 24';
		const { version } = await refitCalibration(
			{
				...{ store, model: 'tiny@1', source: { kind: 'images', data } as const, ...cpu },
				zones: {
					size: { width: SIDE, height: SIDE },
					zones: [requestedZone({ name: '1', use: 'ignore', rectangle })],
				},
			},
			context,
		);
		const ref = `tiny@${version}`;
		const [missing] = await score(ref, onServer()).catch((error: unknown) => [error]);
		expect((missing as Error).message).toMatch(/to have model "tiny" version 2, found none \(404/);
		const own = await scored(ref);
		expect(own[0].inspectedShare).toBeLessThan(0.7);
		expectSame(await scored(ref, onServer({ version: '1' })), own);
	});

	test('a server without versions, and another name', async () => {
		await write({ repository, model: 'tiny@1', serverModel: 'other-name' });
		const [one] = await scored('tiny@1', onServer({ model: 'other-name', version: null }));
		expect(one).toMatchObject({ device: 'server', precision: 'float32', model: 'tiny', version: '1' });
		if (isOurServer) expect(server.asked.at(-1)).toBe('POST /v2/models/other-name/infer');
	});
});

describe('what goes wrong is one sentence', () => {
	const said = async (more: Partial<ServedBy>, model = 'tiny@1') =>
		refusal(() => score(model, onServer(more)));

	test('a name or version that the server does not have', async () => {
		expect((await said({ model: 'nuts' })).message).toMatch(
			/to have model "nuts" version 1, found none \(404: Request for unknown model/,
		);
		expect((await said({ version: '7' })).message).toMatch(/to have model "tiny" version 7, found none/);
	});

	test("another model's weights, whose thresholds would mean nothing", async () => {
		const [one] = await score('tiny@1', onServer({ model: 'tiled' }));
		expect(one).toMatchObject({
			error: {
				code: 'SERVER_REFUSED',
				message: `Expected model "tiled" version 1 of the server to be "tiny@1", found another model's weights`,
			},
		});
	});

	testOfOurServer('a model of other shapes, or without what is needed', async () => {
		const config = path.join(repository, 'tiny', 'config.pbtxt');
		const text = readFileSync(config, 'utf8');
		try {
			writeFileSync(config, text.replaceAll('64, 64', '32, 32'));
			expect((await said({})).message).toMatch(
				/to take "image" of 1 x 3 x 64 x 64, found 1 x 3 x 32 x 32$/,
			);
			writeFileSync(config, text.replace('"identity"', '"something"'));
			expect((await said({})).message).toMatch(
				/^Expected .* to give map, score, .*, found no identity$/,
			);
		} finally {
			writeFileSync(config, text);
		}
	});

	testOfOurServer('an answer of another size fails its image, and the others go on', async () => {
		let count = 0;
		server.mood.json = true;
		server.mood.spoil = ({ outputs }) => {
			if (++count === 2)
				for (const output of outputs)
					if (output.name === 'map')
						Object.assign(output, { shape: [1, 2, 2], data: [1, 2, 3, 4] });
			if (count === 3) for (const output of outputs) output.data = [];
		};
		const outcomes = await score('tiny@1', onServer());
		// Several requests are under way at a time, so that the server's second may be any image.
		const found = outcomes.map((one) => ('error' in one ? one.error.message : 'scored')).sort();
		expect(found).toEqual([
			expect.stringMatching(
				/^Expected .* to answer as the Open Inference Protocol v2 says, found 0 values for output/,
			),
			'Expected model "tiny" version 1 of the server to give 65536 values as "map", found 4',
			'scored',
			'scored',
		]);
	});

	testOfOurServer(
		'a server that dies in the middle fails the images that it was not asked for in time',
		async () => {
			const own = await serveRepository(repository);
			let answered = 0;
			own.mood.spoil = () => {
				if (++answered === 2) setImmediate(() => void own.close());
			};
			const file = path.join(data, 'bolt', 'test', 'good', '0.png');
			const outcomes = await score('tiny@1', {
				images: Array.from({ length: 20 }, () => ({ file })),
				servedBy: { server: checkServer({ url: own.url, timeoutSeconds: 5 }) },
			});
			expect(outcomes.at(-1)).toHaveProperty('error');
			const failures = outcomes.filter((one) => 'error' in one);
			for (const one of failures)
				expect(one).toMatchObject({
					error: {
						code: 'SERVER_UNREACHABLE',
						message: expect.stringMatching(
							/^Expected the inference server at .* to answer, found/,
						),
					},
				});
		},
	);

	testOfOurServer(
		'a wrong token is refused without being shown, though the server repeats it',
		async () => {
			const wrong = checkServer({ url: server.url, token: 'wrong-token-9876' });
			const error = await refusal(() => score('tiny@1', { servedBy: { server: wrong } }));
			expect(error.message).toMatch(/to accept the token, found that it refuses \(401\)$/);
			expect(JSON.stringify([error.message, error.hint, error.stack])).not.toContain(
				'wrong-token-9876',
			);
		},
	);

	test('int8 is asked of the export, not of the request', async () => {
		const error = await refusal(() => score('tiny@1', { ...onServer(), precision: 'int8' }));
		expect(error.message).toMatch(/precision to be that of the exported model/);
	});
});

describe('a repository', () => {
	test('holds one self-contained file in operators of ONNX itself, its configuration, a page, a record and the model', () => {
		const folder = path.join(repository, 'seeing');
		const files = readdirSync(folder, { recursive: true }).map(String);
		expect(files).toEqual(
			expect.arrayContaining([
				'1/model.onnx',
				'README.md',
				'config.pbtxt',
				'dinomaly/1/model.json',
				'dinomaly/1/export.json',
			]),
		);
		for (const model of ['tiny', 'seeing', 'tiled']) {
			const parsed = parseModel(readFileSync(path.join(repository, model, '1', 'model.onnx')));
			expect(parsed.nodes.filter(({ domain }) => domain !== '')).toEqual([]);
			for (const { external } of parsed.initialisers) expect(external).toEqual({});
			expect(parsed.metadata.preprocessing).toMatch(/RGB, resize to 64 x 64 bilinear/);
		}
		const { check } = JSON.parse(readFileSync(path.join(folder, 'dinomaly/1/export.json'), 'utf8')) as {
			check: ExportCheck;
		};
		expect(check).toMatchObject({ source: 'drawn pictures', images: 7, skipped: 0 });
		expect(check.scoreChange).toBeLessThan(1e-5);
		const parsed = parseModel(readFileSync(path.join(folder, '1', 'model.onnx')));
		expect(JSON.parse(parsed.metadata.check)).toEqual(check);
		const config = readFileSync(path.join(folder, 'config.pbtxt'), 'utf8');
		expect(config).toContain('name: "seeing"\nbackend: "onnxruntime"');
		expect(readFileSync(path.join(repository, 'tiled', 'config.pbtxt'), 'utf8')).toMatch(
			/cut into .*tile/,
		);
	});

	test('a folder that was exported is imported as a model that scores the same', async () => {
		const elsewhere = new FolderStore(path.join(root, 'elsewhere'));
		const { version, path: folder } = await elsewhere.importFolder(
			path.join(repository, 'seeing'),
			'new',
		);
		expect(readdirSync(folder)).not.toContain('export.json');
		const own = await scored('seeing');
		const imported = await scored(`new@${version}`, { store: elsewhere.layout.root });
		expect(imported.map(({ score: value, pValue }) => [value, pValue])).toEqual(
			own.map(({ score: value, pValue }) => [value, pValue]),
		);
		const changed = path.join(root, 'changed');
		cpSync(path.join(repository, 'seeing'), changed, { recursive: true });
		writeFileSync(path.join(changed, 'dinomaly/1/calibration.json'), '{}');
		expect(await refusal(() => elsewhere.importFolder(changed))).toMatchObject({ code: 'HASH_MISMATCH' });
	});

	test('a configuration that was changed by hand is kept while it fits, and one for other shapes is refused', async () => {
		const folder = path.join(root, 'kept');
		await write({ repository: folder, model: 'tiny@1', serverModel: 'm' });
		const config = path.join(folder, 'm', 'config.pbtxt');
		const own = `${readFileSync(config, 'utf8')}instance_group [ { count: 2 } ]\n`;
		writeFileSync(config, own);
		await write({ repository: folder, serverModel: 'm', model: 'tiny@1' });
		expect(readFileSync(config, 'utf8')).toBe(own);
		writeFileSync(config, own.replaceAll('64', '32'));
		cpSync(path.join(folder, 'm', '1'), path.join(folder, 'm', '9'), { recursive: true });
		expect(
			(await refusal(() => write({ repository: folder, model: 'tiny@1', serverModel: 'm' }))).message,
		).toMatch(/found a config\.pbtxt for other shapes$/);
	});

	test('float16 takes half the room, its verdicts are the same, and its difference is recorded', async () => {
		const {
			path: folder,
			serverModel,
			check,
		} = await write({ repository, model: 'tiny@1', precision: 'float16', data: withGood() });
		expect(serverModel).toBe('tiny-float16');
		const size = (name: string): number => statSync(path.join(repository, name, '1', 'model.onnx')).size;
		expect(size('tiny-float16')).toBeLessThan(0.6 * size('tiny'));
		expect(check.images).toBe(12);
		expect(check.scoreChange).toBeGreaterThan(1e-7);
		expect(check.scoreChange).toBeLessThan(1e-2);
		const own = await scored('tiny@1');
		const served = await scored('tiny@1', onServer({ model: 'tiny-float16' }));
		expect(served[0].precision).toBe('float16');
		for (const [i, one] of served.entries())
			expect(Math.abs(one.score - own[i].score) / own[i].score).toBeLessThan(1e-2);
		expect(folder).toBe(path.join(repository, 'tiny-float16'));
	});

	(hasInt8Instructions() === false ? test.skip : test)('int8 takes less than half of it', async () => {
		await write({ repository, model: 'tiny@1', precision: 'int8', data: withGood() });
		const size = (name: string): number => statSync(path.join(repository, name, '1', 'model.onnx')).size;
		expect(size('tiny-int8')).toBeLessThan(0.45 * size('tiny'));
		const parsed = parseModel(readFileSync(path.join(repository, 'tiny-int8', '1', 'model.onnx')));
		expect(parsed.nodes.filter(({ domain }) => domain !== '')).toEqual([]);
		const [served] = await scored('tiny@1', onServer({ model: 'tiny-int8' }));
		expect(served.precision).toBe('int8');
	});

	test('coarser numbers need images to be held against, and enough of them', async () => {
		const folder = path.join(root, 'refused');
		expect((await refusal(() => write({ repository: folder, precision: 'float16' }))).message).toBe(
			'Expected images to hold an export in float16 against the model with, found none',
		);
		expect(await refusal(() => write({ repository: folder, precision: 'float16', data }))).toMatchObject({
			code: 'CALIBRATION_SHORT',
			message: expect.stringContaining('Expected at least 10 images'),
		});
		expect(existsSync(folder)).toBe(false);
	});

	test('one place to write to, no more and no less', async () => {
		for (const more of [{}, { onnxPath: '/x.onnx', repository: '/x' }])
			expect(await refusal(() => write(more))).toMatchObject({ code: 'CONFIG_INVALID' });
		expect(await refusal(() => write({ repository: root, serverModel: '../x' }))).toMatchObject({
			code: 'CONFIG_INVALID',
		});
	});
});

/** Twelve images of good parts as a plain folder. */
function withGood(): string {
	const folder = path.join(root, 'parts');
	if (existsSync(folder)) return folder;
	for (let i = 0; i < 12; i++)
		cpSync(path.join(data, 'bolt', 'train', 'good', `${i}.png`), path.join(folder, `${i}.png`));
	return folder;
}
