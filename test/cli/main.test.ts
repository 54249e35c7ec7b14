import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from '../../src/cli/main';
import { openEngine } from '../../src/engine/host';
import type { Engine } from '../../src/engine/host';
import { FolderStore } from '../../src/store/folderStore';
import type { TrainRequest } from '../../src/training/request';
import { sampleCalibration, sampleDraft } from '../store/sampleModel';

const ENTRY = join(__dirname, '..', 'support', 'fakeEngine.cjs');
const PNG_BYTES = Buffer.from('not looked at by the fake engine');

let folder: string;
beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), 'dinomaly-cli-'));
	for (const name of ['a.png', 'sub/b.jpg', 'sub/bad.png', 'sub/a.png', 'sub/notes.txt', '.hidden.png']) {
		mkdirSync(join(folder, 'images', 'sub'), { recursive: true });
		writeFileSync(join(folder, 'images', name), PNG_BYTES);
	}
	mkdirSync(join(folder, 'empty'));
});
afterAll(async () => {
	await openEngine({ entry: ENTRY }).close();
	rmSync(folder, { recursive: true });
});

interface Run {
	readonly code: number;
	readonly out: string;
	readonly err: string;
}

interface RunOptions {
	readonly env?: Record<string, string>;
	readonly isTTY?: boolean;
	/** Presses Ctrl-C when this text shows up on standard error. */
	readonly interruptAt?: string;
}

/** Closing is left to the end, so that the tests share one process. */
function testEngine(): Engine {
	const engine = openEngine({ entry: ENTRY });
	return Object.assign(Object.create(engine) as Engine, { close: () => Promise.resolve() });
}

async function dinomaly(
	line: string | readonly string[],
	{ env = {}, isTTY, interruptAt }: RunOptions = {},
): Promise<Run> {
	let out = '';
	let err = '';
	let interrupt = (): void => undefined;
	const code = await main(typeof line === 'string' ? line.split(' ').filter(Boolean) : line, {
		stdout: { write: (text) => (out += text) },
		stderr: {
			isTTY,
			write: (text) => {
				err += text;
				if (interruptAt !== undefined && text.includes(interruptAt)) setImmediate(interrupt);
			},
		},
		env: { DINOMALY_STORE: join(folder, 'store'), ...env },
		cwd: folder,
		openEngine: testEngine,
		onInterrupt: (handler) => {
			interrupt = handler;
			return () => {
				interrupt = () => undefined;
			};
		},
		exit: () => undefined,
	});
	return { code, out, err };
}

async function requestOf(flags: string): Promise<TrainRequest> {
	const { code, out, err } = await dinomaly(`train --data d --model m --json ${flags}`);
	if (code !== 0) throw new Error(err);
	return (JSON.parse(out) as { models: { request: TrainRequest }[] }).models[0].request;
}

describe('help', () => {
	test.each(['', '--help', '-h', 'help'])('"%s" lists the commands', async (line) => {
		const { code, out } = await dinomaly(line);
		expect(code).toBe(0);
		for (const name of ['train', 'score', 'evaluate', 'models export', 'sample', 'doctor'])
			expect(out).toContain(`  ${name}`);
	});

	test('--version prints the version of the package', async () => {
		const { version } = JSON.parse(readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8')) as {
			version: string;
		};
		expect(await dinomaly('--version')).toEqual({ code: 0, out: `${version}\n`, err: '' });
	});

	test('each command has its own', async () => {
		const { code, out } = await dinomaly('train --help');
		expect(code).toBe(0);
		expect(out).toMatch(/^Usage: dinomaly train --data DIR --model NAME/);
		expect(out).toContain('--hard-mining-factor X');
	});

	test('a long list of choices does not squeeze the descriptions', async () => {
		const { out } = await dinomaly('train --help');
		const lines = out.split('\n');
		const start = lines.findIndex((line) => line.startsWith('  --loss '));
		expect(lines[start]).toMatch(/globalCosine\|/);
		expect(out).toMatch(/\n {20,}What is minimised \(default: globalCosine\)\n/);
		expect(lines.length).toBeLessThan(80);
		for (const line of lines.filter((one) => !one.includes('dinomaly train --')))
			expect(line.length).toBeLessThanOrEqual(102);
	});

	test('a family of commands shows all of its members', async () => {
		const { out } = await dinomaly('models --help');
		for (const name of [
			'list',
			'show',
			'promote',
			'rollback',
			'gate',
			'history',
			'remove',
			'export',
			'import',
		])
			expect(out).toContain(`dinomaly models ${name} `);
	});
});

describe('wrong usage is one sentence and exit code 2', () => {
	test.each([
		['trian --data d', 'Expected a command, found "trian"; did you mean "train"?'],
		['models lst', 'Expected a command, found "models lst"; did you mean "models list"?'],
		[
			'train --data d --model m --imagesize 256',
			'Expected a known option, found "--imagesize"; did you mean "--image-size"?',
		],
		['train --data d --model m --zzzzzz', 'Expected a known option, found "--zzzzzz"'],
		['train --model m', 'Expected the option --data, found none'],
		['train --data d', 'Expected the option --model, found none'],
		['train --data d --model m --seed', 'Expected a value after --seed, found none'],
		[
			'train --data d --model m --seed abc',
			'Expected --seed to be a whole number of at least 0, found "abc"',
		],
		[
			'train --data d --model m --iterations 1.5',
			'Expected --iterations to be a whole number of at least 1, found "1.5"',
		],
		[
			'train --data d --model m --calibration-share 2',
			'Expected --calibration-share to be a number of at least 0 and at most 0.9, found "2"',
		],
		[
			'train --data d --model m --preset best',
			'Expected --preset to be one of fast, balanced, paper, found "best"',
		],
		['train --data d --model m --resume=yes', 'Expected no value after --resume, which is a switch'],
		['train --data d --model m --kernel 5', 'Expected --mixer conv with --kernel, found another mixer'],
		['train --data d --model m --dropout 0.1 --jitter 1', 'Expected --dropout or --jitter, found both'],
		[
			'train --data d --model m --cache-limit much',
			'Expected --cache-limit to be a number of bytes such as 500MB or 20GB, found "much"',
		],
		['train --data d --model m extra', 'Expected options only, found "extra"'],
		['score --model m', 'Expected image files or folders, found none'],
		['models show', 'Expected one model name, found none'],
		['models remove a', 'Expected one version to remove, such as "a@1", found "a"'],
		['sample', 'Expected one folder to draw into, found 0'],
	])('%s', async (line, sentence) => {
		const { code, out, err } = await dinomaly(line);
		const lines = err.trim().split('\n');
		expect(lines[0]).toBe(`error: ${sentence}`);
		expect(lines).toHaveLength(2);
		expect(lines[1]).toMatch(/^hint: /);
		expect(out).toBe('');
		expect(code).toBe(2);
	});
});

describe('train', () => {
	test('every option reaches the request', async () => {
		const request = await requestOf(
			'--category a b --category c --encoder dinov2-reg-small --preset balanced --seed 7 --calibration-share 0.2 --separate --resume ' +
				'--image-size 256 --crop-size 224 --batch-size 8 --iterations 600 --mixer conv --kernel 5 --groups 8 --jitter 2 --recentering --bottleneck reduced --loss regionalCosine ' +
				'--learning-rate 1e-3 --final-learning-rate 1e-4 --warmup 50 --weight-decay 0.01 --epsilon 1e-8 --no-amsgrad --clip-norm 0.5 ' +
				'--no-hard-mining --hard-mining-share 0.8 --hard-mining-ramp 500 --hard-mining-factor 0.2 --checkpoint-every 25 ' +
				'--cache-dir cache --cache-limit 20GB --on-corrupt fail --hub-endpoint https://mirror.example --device cpu --require-device ' +
				'--threads 2 --store here',
		);
		expect(request).toEqual({
			store: join(folder, 'here'),
			data: join(folder, 'd'),
			categories: ['a', 'b', 'c'],
			model: 'm',
			encoder: 'dinov2-reg-small',
			preset: 'balanced',
			seed: 7,
			calibrationShare: 0.2,
			separate: true,
			resume: true,
			overrides: {
				imageSize: 256,
				cropSize: 224,
				batchSize: 8,
				iterations: 600,
				mixer: { kind: 'conv', kernel: 5 },
				groups: 8,
				noise: { kind: 'jitter', scale: 2 },
				recentering: true,
				bottleneck: 'reduced',
				loss: 'regionalCosine',
				learningRate: 1e-3,
				finalLearningRate: 1e-4,
				warmup: 50,
				weightDecay: 0.01,
				epsilon: 1e-8,
				amsgrad: false,
				clipNorm: 0.5,
				hardMining: false,
				hardMiningShare: 0.8,
				hardMiningRamp: 500,
				hardMiningFactor: 0.2,
			},
			checkpointEvery: 25,
			cacheDir: join(folder, 'cache'),
			cacheLimitBytes: 20e9,
			onCorrupt: 'fail',
			hub: { endpoint: 'https://mirror.example', token: undefined },
			device: 'cpu',
			requireDevice: true,
			threads: 2,
		});
	});

	test('what is not given is left to the presets', async () => {
		const { overrides, categories, encoder, hub, store } = await requestOf('');
		expect({ overrides, categories, encoder, hub }).toEqual({ overrides: {} });
		expect(store).toBe(join(folder, 'store'));
	});

	test.each([
		['--mixer linear', { kind: 'linear' }],
		['--mixer linear-masked --neighbour 3', { kind: 'linearMasked', neighbour: 3 }],
		['--mixer softmax', { kind: 'softmax', neighbour: 0 }],
		['--mixer conv', { kind: 'conv', kernel: 3 }],
	])('%s', async (flags, mixer) => {
		expect((await requestOf(flags)).overrides?.mixer).toEqual(mixer);
	});

	test('the hub token comes from the environment only', async () => {
		const { out } = await dinomaly('train --data d --model m --json', { env: { HF_TOKEN: 'secret' } });
		expect(JSON.parse(out)).toMatchObject({ models: [{ request: { hub: { token: 'secret' } } }] });
	});

	test('an encoder that looks like a file is a path, any other one a name', async () => {
		expect((await requestOf('--encoder weights/x.safetensors')).encoder).toBe(
			join(folder, 'weights', 'x.safetensors'),
		);
		expect((await requestOf('--encoder x')).encoder).toBe('x');
	});

	test('--json prints exactly one object on standard output and JSON lines on standard error', async () => {
		const { code, out, err } = await dinomaly('train --data d --model m --json');
		expect(code).toBe(0);
		expect(out.trim().split('\n')).toHaveLength(1);
		expect(JSON.parse(out)).toMatchObject({ models: [{ model: 'm', version: '1', finalLoss: 0.25 }] });
		const events = err
			.trim()
			.split('\n')
			.map((line) => JSON.parse(line) as object);
		expect(events).toContainEqual(
			expect.objectContaining({ event: 'progress', phase: 'training', loss: 0.25 }),
		);
	});

	test('people get a table, the folder, and plain lines of progress', async () => {
		const { out, err } = await dinomaly('train --data d --model m');
		expect(out).toMatch(/^model +categories +images/);
		expect(out).toMatch(/m@1 +bottle +4 +1 +2 +0\.2500 +fake +cpu +0:03/);
		expect(out).toContain('/store/models/it');
		expect(err).toBe('the embedded encoder is used\nm training 1/1  loss 0.2500\n');
	});

	test('a terminal gets a bar with loss, rate and time left', async () => {
		const { err } = await dinomaly('train --data d --model slow', { isTTY: true, interruptAt: '#' });
		expect(err).toMatch(/\r\u001b\[Kslow training \[\.{24}\] 0\/1000 {2}loss 0\.5000 {2}12\.5 images\/s/);
		const wide = await dinomaly('train --data d --model slow', { isTTY: false, interruptAt: 'ETA 1:30' });
		expect(wide.err).toContain('slow training 0/1000  loss 0.5000  12.5 images/s  ETA 1:30\n');
	});

	test('an error is a sentence and a hint on standard error, and exit code 1', async () => {
		const { code, out, err } = await dinomaly('train --data d --model ours');
		expect({ code, out, err }).toEqual({
			code: 1,
			out: '',
			err: 'error: Expected room, found none\nhint: Free some space\n',
		});
	});

	test('with --json the error is an object too, and with DINOMALY_DEBUG=1 there is a stack', async () => {
		const { out, err } = await dinomaly('train --data d --model ours --json', {
			env: { DINOMALY_DEBUG: '1' },
		});
		expect(JSON.parse(out)).toEqual({
			error: { code: 'DISK_FULL', message: 'Expected room, found none', hint: 'Free some space' },
		});
		expect(err).toContain('fakeEngine.cjs:');
	});

	test('Ctrl-C cancels, says what was kept and exits with 130', async () => {
		const { code, out, err } = await dinomaly('train --data d --model slow', { interruptAt: 'training' });
		expect(code).toBe(130);
		expect(out).toBe('');
		expect(err).toContain('\nStopping\n');
		const { err: shown } = await dinomaly('train --data d --model slow', {
			isTTY: true,
			interruptAt: '#',
		});
		expect(shown).toContain('Stopping; press Ctrl-C again to stop at once');
		expect(err).toContain('error: Cancelled; a checkpoint was kept\nhint: Resume it\n');
	});
});

test('the backend of a training reaches the engine; another one is refused', async () => {
	const { out } = await dinomaly('train --data d --model m --backend tfjs --json');
	expect(JSON.parse(out)).toMatchObject({ models: [{ request: { backend: 'tfjs' } }] });
	const { code, err } = await dinomaly('train --data d --model m --backend torch');
	expect(code).toBe(2);
	expect(err).toContain('onnx, tfjs');
});

describe('models quantize', () => {
	test('says what the comparison found and which version may score in int8', async () => {
		const { code, out, err } = await dinomaly('models quantize it@1 --data parts --min-speedup 1.5');
		expect(code).toBe(0);
		expect(out).toBe(
			'12 good and 8 defective images of parts: the same verdicts as float32, rank correlation 0.9985, 1.80 times as fast on cpu (90 against 50 ms)\n' +
				"Largest change of a score: 1.23 %; of the map 0.045 % lie on the other side of the mask's threshold.\n\n" +
				'it@2, made from version 1, may score with --precision int8. Promote it when it suits: dinomaly models promote it@2\n',
		);
		expect(err).toContain('Skipped: bad.png: it is no image');
	});

	test('float16 and its device reach the engine, and the answer is about them', async () => {
		const line = 'models quantize it@1 --data parts --precision float16 --device webgpu';
		const { out } = await dinomaly(line);
		expect(out).toContain('1.80 times as fast on webgpu');
		expect(out).toContain('may score with --precision float16.');
		expect(JSON.parse((await dinomaly(`${line} --json`)).out)).toMatchObject({
			request: { precision: 'float16', device: 'webgpu' },
		});
	});

	test('model, folder and smallest gain reach the engine', async () => {
		const { out } = await dinomaly('models quantize it@1 --data parts --min-speedup 1.5 --json');
		expect(JSON.parse(out)).toMatchObject({
			request: { model: 'it@1', data: join(folder, 'parts'), minSpeedup: 1.5 },
		});
	});

	test.each([
		['models quantize it', 'Expected the option --data, found none'],
		['models quantize --data parts', 'Expected one model name, found none'],
		['models quantize a b --data parts', 'Expected one model name, found a b'],
	])('%s: %s', async (line, message) => {
		const { code, err } = await dinomaly(line);
		expect(code).toBe(2);
		expect(err).toContain(message);
	});
});

describe('score', () => {
	test('files and folders become one list, in order, and a failing image does not stop the others', async () => {
		const { code, out, err } = await dinomaly('score --model m --json images images/a.png');
		const { images, failures } = JSON.parse(out) as { images: { file: string }[]; failures: object[] };
		const sub = (name: string): string => join('images', 'sub', name);
		expect(images.map(({ file }) => file)).toEqual([
			join('images', 'a.png'),
			sub('a.png'),
			sub('b.jpg'),
			'images/a.png',
		]);
		expect(images[0]).toMatchObject({
			score: 0.5,
			normalizedScore: 0.5,
			pValue: 0.01,
			verdict: 'anomaly',
			regions: [{ areaPx: 12 }],
		});
		expect(failures).toMatchObject([{ file: sub('bad.png'), error: { code: 'IMAGE_UNREADABLE' } }]);
		expect(err).toContain('error: 1 of 5 images could not be scored\n');
		expect(code).toBe(1);
	});

	test('the precision asked for is the one that the result names', async () => {
		const { out } = await dinomaly('score --model m --precision int8 --json images/a.png');
		expect(JSON.parse(out)).toMatchObject({ images: [{ precision: 'int8' }] });
		const { code, err } = await dinomaly('score --model m --precision int4 images/a.png');
		expect(code).toBe(2);
		expect(err).toContain('float32, float16, int8');
	});

	test('people get a table', async () => {
		const { code, out } = await dinomaly('score --model m images/a.png');
		expect(code).toBe(0);
		expect(out).toBe(
			'file           score  normalised  p-value  verdict\n' +
				'images/a.png  0.5000       0.500    0.010  anomaly\n',
		);
	});

	test('an image that is unlike anything seen in training has its verdict and its sentence, unless told to judge it', async () => {
		const { code, out } = await dinomaly('score --model m images/a.png images/strange.png');
		expect(code).toBe(0);
		expect(out).toBe(
			'file                 score  normalised  p-value  verdict\n' +
				'images/a.png        0.5000       0.500    0.010  anomaly\n' +
				'images/strange.png  1.5000       0.500    0.010  unknown\n' +
				'images/strange.png: Unlike anything seen in training: check the part\n',
		);
		const json = await dinomaly('score --model m --json images/strange.png');
		expect(JSON.parse(json.out)).toMatchObject({
			images: [{ verdict: 'unknown', outOfDistribution: true }],
		});
		const judged = await dinomaly('score --model m --any-image --json images/strange.png');
		expect(JSON.parse(judged.out)).toMatchObject({ images: [{ verdict: 'anomaly' }] });
	});

	test('heat maps and masks are written under names that do not collide', async () => {
		const { out } = await dinomaly(
			'score --model m --json --heatmap maps --mask masks images/a.png images/sub',
		);
		expect(readdirSync(join(folder, 'maps')).sort()).toEqual([
			'b_heatmap.png',
			'images_a_heatmap.png',
			'sub_a_heatmap.png',
		]);
		expect(readdirSync(join(folder, 'masks')).sort()).toEqual([
			'b_mask.png',
			'images_a_mask.png',
			'sub_a_mask.png',
		]);
		expect([...readFileSync(join(folder, 'masks', 'images_a_mask.png'))]).toEqual([9, 9, 9]);
		const { images } = JSON.parse(out) as { images: object[] };
		expect(images[0]).toMatchObject({ heatmap: join(folder, 'maps', 'images_a_heatmap.png') });
		expect(images[0]).not.toHaveProperty('heatmapPng');
	});

	test('a folder without images is an error', async () => {
		const { code, err } = await dinomaly('score --model m empty');
		expect(code).toBe(1);
		expect(err).toMatch(/^error: Expected images in the folder "empty", found none\nhint: /);
	});

	test('a missing model is an error with a hint', async () => {
		const { code, err } = await dinomaly('score --model missing images/a.png');
		expect({ code, err }).toEqual({ code: 1, err: 'error: No model "missing"\nhint: Train it\n' });
	});

	test('a server that goes away later fails the images that it did not score, and only those', async () => {
		const line = ['score', '--model', 'left', '--server', 'http://127.0.0.1:9', '--json'];
		const names = Array.from({ length: 70 }, (_, i) => `part-${String(i).padStart(2, '0')}.png`);
		for (const name of names) writeFileSync(join(folder, name), PNG_BYTES);
		const { code, out, err } = await dinomaly([...line, ...names]);
		const { images, failures } = JSON.parse(out) as Record<'images' | 'failures', { file: string }[]>;
		expect([...images, ...failures].map(({ file }) => file)).toEqual(names);
		expect(images).toHaveLength(32);
		expect(failures.at(-1)).toMatchObject({ error: { code: 'SERVER_UNREACHABLE', hint: 'Start it' } });
		expect(err).toContain('error: 38 of 70 images could not be scored\n');
		expect(code).toBe(1);
		const alone = await dinomaly([...line, names[5]]);
		expect(alone).toMatchObject({ code: 1, out: expect.not.stringContaining('failures') });
	});
});

describe('evaluate', () => {
	test("people get the paper's metrics in the paper's order, a dash where there is none", async () => {
		const { code, out } = await dinomaly('evaluate --model m --data d');
		expect(code).toBe(0);
		const [head, titles, ...rows] = out.trimEnd().split('\n');
		expect(head).toBe('m@1, encoder fake, cpu, 0:02');
		expect(titles.split(/ {2,}/)).toEqual([
			'category',
			'images',
			'I-AUROC',
			'I-AP',
			'I-F1-max',
			'P-AUROC',
			'P-AP',
			'P-F1-max',
			'AUPRO',
			'AUPRO (official rule)',
			'AUPIMO',
			'I-AUROC, 95 %',
		]);
		expect(rows[0].split(/ {2,}/)).toEqual([
			'bottle',
			'3+2',
			'0.9000',
			'0.9000',
			'0.9000',
			'-',
			'-',
			'-',
			'-',
			'-',
			'-',
			'0.8000 to 1.0000',
		]);
		expect(rows.map((row) => row.split(' ')[0])).toEqual([
			'bottle',
			'cable',
			'mean',
			'at',
			'bottle',
			'cable',
			'all',
			'bottle:',
			'cable:',
			'warning:',
			'run',
		]);
		// scipy: binomtest(1, 3).proportion_ci(method='wilson') and binomtest(0, 2)
		expect(rows[4].split(/ {2,}/)).toEqual([
			'bottle',
			'0.5000',
			'1 of 3 good',
			'6.1 to 79.2 %',
			'0 of 2 defective',
			'0.0 to 65.8 %',
		]);
		expect(rows[7]).toBe('bottle: no AUPRO: no masks');
		expect(rows[9]).toBe(
			'warning: Fewer than 30 good or 30 defective images in bottle (3 good, 2 defective), cable (3 good, 2 defective): a small change of these figures may be chance',
		);
	});

	test('how pixels are measured can be chosen', async () => {
		const { out } = await dinomaly(
			'evaluate --model m --data d --max-fpr 0.05 --pixel-metrics histogram --mask-rule half --json',
		);
		expect(JSON.parse(out)).toMatchObject({
			madeWith: { maxFpr: 0.05, pixelMode: 'histogram', maskRule: 'half' },
		});
		expect(await dinomaly('evaluate --model m --data d --max-fpr 2')).toMatchObject({
			code: 2,
			err: expect.stringContaining('at most 1'),
		});
	});

	test('floors and drops decide the exit code, the run is recorded all the same', async () => {
		const passed = await dinomaly(
			'evaluate --model g --data d --floor imageAuroc=0.9 bottle:imageAp=0.8',
		);
		expect(passed).toMatchObject({
			code: 0,
			out: expect.stringContaining(
				'Passed: mean image AUROC is 0.9000, at least the floor 0.9000; image AP of bottle is 0.9000, at least the floor 0.8000',
			),
		});
		const failed = await dinomaly([
			...['evaluate', '--model', 'g', '--data', 'd', '--json'],
			...['--floor', '*:imageAuroc=0.95', '--max-drop', 'imageAuroc=0.1'],
		]);
		expect(failed.code).toBe(3);
		expect(failed.err).toContain('error: the evaluation does not pass its gate');
		const json = JSON.parse(failed.out) as { runId: string; gate: { rules: { passed: boolean }[] } };
		expect(json.gate.rules.map((rule) => rule.passed)).toEqual([false, true]);
		const files = readdirSync(join(folder, 'store', 'evaluations', 'g'));
		expect(files).toContain(`${json.runId}.json`);
	});

	test.each([
		['--floor imageAurc=0.9', /name a metric, found "imageAurc"; did you mean "imageAuroc"\?/],
		['--floor imageAuroc', /\[CATEGORY:\]METRIC=VALUE, found "imageAuroc"/],
		['--max-drop imageAuroc=5', /a number from 0 to 1, found "5"/],
	])('%s is refused before any work is done', async (flags, message) => {
		expect(await dinomaly(`evaluate --model m --data d ${flags}`)).toMatchObject({
			code: 2,
			err: expect.stringMatching(message),
		});
	});

	test('the run is recorded in the store, and --report writes a page that compares it with the one before', async () => {
		const first = JSON.parse((await dinomaly('evaluate --model m --data d --json')).out) as {
			runId: string;
		};
		const { code, out } = await dinomaly(
			'evaluate --model m --data d --report pages/m.html pages/m.md pages/m.json --plots pages/plots',
		);
		expect(code).toBe(0);
		expect(out).toContain(`report ${join(folder, 'pages', 'm.html')}`);
		const page = readFileSync(join(folder, 'pages', 'm.html'), 'utf8');
		expect(page).toContain('<!doctype html>');
		expect(page).toContain(first.runId);
		expect(readFileSync(join(folder, 'pages', 'm.md'), 'utf8')).toMatch(/^# m version 1: may it run\?/);
		expect(JSON.parse(readFileSync(join(folder, 'pages', 'm.json'), 'utf8'))).toMatchObject({
			answer: 'undecided',
			comparison: { run: { id: first.runId } },
		});
		expect(readdirSync(join(folder, 'pages', 'plots')).sort()).toEqual([
			'auroc.png',
			'pr-all.png',
			'pr-bottle.png',
			'roc-all.png',
			'roc-bottle.png',
			'scores-bottle.png',
		]);
		const files = readdirSync(join(folder, 'store', 'evaluations', 'm'));
		expect(files).toContain(`${first.runId}.json`);
	});

	test('a report of an unknown kind is refused before any work is done', async () => {
		expect(await dinomaly('evaluate --model m --data d --report m.pdf')).toMatchObject({
			code: 2,
			err: expect.stringMatching(/Expected --report to name a file that ends in .html, .md or .json/),
		});
	});

	test('--compare says whether the change is more than chance, and names a run that is not there', async () => {
		const first = JSON.parse((await dinomaly('evaluate --model m --data d --json')).out) as {
			runId: string;
		};
		const { out } = await dinomaly(`evaluate --model m --data d --compare ${first.runId}`);
		expect(out).toContain(`compared with run ${first.runId} (version 1), by DeLong's test:`);
		expect(out).toMatch(
			/bottle: image AUROC 0\.833 before, 0\.833 now on the 5 images .*no more than chance/,
		);
		const json = await dinomaly('evaluate --model m --data d --compare previous --json');
		expect(JSON.parse(json.out)).toMatchObject({
			comparedWith: expect.any(String),
			comparison: [{ category: 'bottle', images: 5, pValue: 1 }],
		});
		const missing = await dinomaly('evaluate --model m --data d --compare 20260131T120000000Z-0123abcd');
		expect(missing).toMatchObject({
			code: 1,
			err: expect.stringMatching(/20260131T120000000Z-0123abcd/),
		});
	});

	test('--json has categories and mean, null where a metric is not defined', async () => {
		const { out } = await dinomaly('evaluate --model m --data d --category cable --json');
		expect(JSON.parse(out)).toMatchObject({
			categories: [{ category: 'cable', imageAuroc: 0.9, aupro: null }],
			mean: { imageAuroc: 0.9, imageAp: 0.9, imageF1Max: 0.9, pixelAuroc: null, auproOfficial: null },
		});
	});
});

describe('evaluations', () => {
	test('runs are listed, shown and compared', async () => {
		const ids: string[] = [];
		for (let i = 0; i < 2; i++)
			ids.unshift(
				(JSON.parse((await dinomaly('evaluate --model l --data d --json')).out) as { runId: string })
					.runId,
			);
		const { out } = await dinomaly('evaluations list l --json');
		const { evaluations } = JSON.parse(out) as { evaluations: { id: string; model: string }[] };
		expect(evaluations.map(({ id }) => id)).toEqual(ids);
		expect(evaluations[0]).toMatchObject({ model: 'l', version: '1', images: 5, maxFpr: 0.3 });
		expect((await dinomaly('evaluations list')).out).toContain(ids[0]);
		const shown = await dinomaly('evaluations show l latest');
		expect(shown.out).toContain('l@1, encoder fake, cpu, 0:02');
		expect(shown.out).toMatch(/model hash +a{64}/);
		const compared = await dinomaly(`evaluations compare l ${ids[1]} latest`);
		expect(compared.out).toMatch(/bottle: image AUROC .* no more than chance/);
	});

	test('none is no error, and a run that is not there is', async () => {
		expect((await dinomaly(['evaluations', 'list', '--store', join(folder, 'none')])).out).toMatch(
			/^No evaluations in /,
		);
		expect(await dinomaly('evaluations show nobody latest')).toMatchObject({
			code: 1,
			err: expect.stringContaining('evaluate the model first'),
		});
	});
});

describe('drift', () => {
	const spread = (low: number, high: number): number[] =>
		Array.from({ length: 40 }, (_, i) => low + ((high - low) * i) / 39);

	const inDriftStore = (line: string): Promise<Run> =>
		dinomaly(line, { env: { DINOMALY_STORE: join(folder, 'driftStore') } });

	beforeAll(async () => {
		const draft = sampleDraft();
		const calibration = {
			...sampleCalibration(),
			scores: { bolt: spread(0.1, 0.2) },
			images: {
				bolt: {
					brightness: spread(0.4, 0.5),
					contrast: spread(0.09, 0.11),
					sharpness: spread(0.009, 0.011),
					sizes: [{ width: 64, height: 48 }],
				},
			},
		};
		await new FolderStore(join(folder, 'driftStore')).publish('bolts', {
			...draft,
			files: { ...draft.files, 'calibration.json': { json: calibration } },
		});
	});

	test('images that score higher and are brighter are drift, which is an exit code of its own', async () => {
		const { code, out, err } = await inDriftStore('drift --model bolts images --newest 30');
		expect(code).toBe(3);
		expect(err).toContain('error: recent images have drifted from the calibration');
		const [reason, titles, score, brightness] = out.split('\n');
		expect(reason).toMatch(
			/^Drift: scores are higher than at calibration \(median 1\.\d+, was 0\.15; p < 0\.001, PSI \d+\.\d+\), images are brighter/,
		);
		expect(titles).toMatch(/^measure +median then +median now +KS +p +PSI/);
		expect(score).toMatch(/^score .* clear$/);
		expect(brightness).toMatch(/^brightness .* clear$/);
		expect(out).toContain('30 images above the threshold, 100.0 %');
	});

	test('scores of an earlier run are enough, and few say nothing', async () => {
		const file = join(folder, 'scores.json');
		writeFileSync(file, JSON.stringify({ images: spread(0.1, 0.2).map((score) => ({ score })) }));
		const stable = await inDriftStore(`drift --model bolts --scores ${file} --json`);
		expect(stable.code).toBe(0);
		expect(JSON.parse(stable.out)).toMatchObject({
			model: 'bolts',
			version: '1',
			verdict: 'stable',
			notices: [expect.stringContaining('Only scores were checked')],
		});
		writeFileSync(file, '[0.1, 0.2]');
		expect((await inDriftStore(`drift --model bolts --scores ${file}`)).out).toMatch(
			/^Not enough images to tell: found 2 recent images/,
		);
		writeFileSync(file, '["high"]');
		expect(await inDriftStore(`drift --model bolts --scores ${file}`)).toMatchObject({
			code: 1,
			err: expect.stringContaining('Expected a number as score 1'),
		});
	});

	test('neither images nor scores, and both, are wrong usage', async () => {
		for (const line of ['drift --model bolts', 'drift --model bolts images --scores x.json'])
			expect((await inDriftStore(line)).code).toBe(2);
		expect(await inDriftStore('drift --model bolts images --category nut')).toMatchObject({
			code: 1,
			err: expect.stringContaining('trained on, found "nut"'),
		});
	});
});

describe('the rest', () => {
	test('an empty store is no error', async () => {
		expect(await dinomaly('models list --json')).toMatchObject({
			code: 0,
			out: `${JSON.stringify({ store: join(folder, 'store'), models: [] })}\n`,
		});
	});

	test('a model that is not there is', async () => {
		expect((await dinomaly('models show nothing')).code).toBe(1);
	});

	test('export names its file', async () => {
		const { out } = await dinomaly('models export it --onnx out.onnx --json');
		expect(JSON.parse(out)).toMatchObject({ path: join(folder, 'out.onnx') });
	});

	test('sample draws into the folder', async () => {
		expect(JSON.parse((await dinomaly('sample new --seed 3 --json')).out)).toMatchObject({
			dir: join(folder, 'new'),
			files: 3,
		});
	});

	test('doctor fails when a check does', async () => {
		expect((await dinomaly('doctor')).code).toBe(0);
		const { code, out, err } = await dinomaly('doctor --store broken');
		expect(code).toBe(1);
		expect(out).toMatch(/Store +fail +.*broken\n/);
		expect(out).toContain('\nStore: Choose another folder\n');
		expect(err).toBe('error: 1 of 3 checks failed\n');
	});
});
