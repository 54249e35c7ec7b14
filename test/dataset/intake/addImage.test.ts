import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	symlinkSync,
	unlinkSync,
	writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { addImage, type NewImage } from '../../../src/dataset/intake';
import { scanDataset } from '../../../src/dataset/scan';
import { makeFolder, removeFolders } from '../support';

afterAll(removeFolders);

const run = promisify(execFile);
const INDEX = '.dinomaly/images.jsonl';

describe('where an image goes', () => {
	test('category, split and label are the folders; the reader finds it there', async () => {
		const dir = makeFolder([]);
		const added = await addImage({ dir, image: await incoming({ name: 'IMG 1.png', label: 'scratch' }) });
		expect(added).toMatchObject({
			added: true,
			path: 'bottle/test/scratch/IMG 1.png',
			file: path.join(dir, 'bottle/test/scratch/IMG 1.png'),
			category: 'bottle',
			split: 'test',
			label: 'scratch',
			maskFile: null,
			duplicateOf: null,
			conflict: false,
			width: 20,
			height: 18,
			format: 'png',
		});
		expect(added.sha256).toBe(createHash('sha256').update(readFileSync(added.file)).digest('hex'));
		const { categories, problems } = await scanDataset(dir);
		expect(categories[0].test.map(({ relativePath }) => relativePath)).toEqual([added.path]);
		expect(problems.filter(({ kind }) => kind !== 'imageWithoutMask')).toEqual([]);
	});

	test('a mask lies where the reader pairs it with its image', async () => {
		const dir = makeFolder([]);
		const mask = { name: 'm.png', bytes: await picture(255) };
		const added = await addImage({ dir, image: await incoming({ label: 'dent', mask }) });
		expect(added.maskFile).toBe(path.join(dir, 'bottle/ground_truth/dent/part_mask.png'));
		const { categories, problems } = await scanDataset(dir);
		expect(categories[0].test[0].maskPath).toBe(added.maskFile);
		expect(problems).toEqual([]);
	});

	test('every word for normal images is the label good', async () => {
		const dir = makeFolder([]);
		for (const [level, label] of ['OK', 'normal', ' Good '].entries()) {
			const added = await addImage({ dir, image: await incoming({ label, split: 'train', level }) });
			expect(added).toMatchObject({ label: 'good', split: 'train' });
		}
		expect(readdirSync(path.join(dir, 'bottle/train'))).toEqual(['good']);
	});

	test('a category that lies one folder deeper is added to there', async () => {
		const dir = makeFolder({ 'line1/cap/train/good/1.png': 'a' });
		const added = await addImage({ dir, image: await incoming({ category: 'cap', label: 'good' }) });
		expect(added.path).toBe('line1/cap/test/good/part.png');
	});

	test('the extension follows the content, not the name', async () => {
		const dir = makeFolder([]);
		const bytes = await sharp(await picture(9))
			.jpeg()
			.toBuffer();
		const added = await addImage({ dir, image: { ...(await incoming({})), name: 'x.png', bytes } });
		expect(added.path).toBe('bottle/test/good/x.jpg');
	});

	test('images of one name all get a place, and masks stay with their own image', async () => {
		const dir = makeFolder([]);
		for (let level = 1; level <= 4; level++) {
			const mask = level === 2 ? { name: 'm', bytes: await picture(255) } : undefined;
			await addImage({ dir, image: await incoming({ name: 'cam.png', label: 'dent', level, mask }) });
		}
		const { categories, problems } = await scanDataset(dir);
		expect(categories[0].test).toHaveLength(4);
		const masked = categories[0].test.filter(({ maskPath }) => maskPath !== null);
		expect(masked).toHaveLength(1);
		expect(readFileSync(masked[0].path)).toEqual(Buffer.from(await picture(2)));
		expect(problems.map(({ kind }) => kind)).toEqual(['imageWithoutMask']);
	});

	test('an image never takes the name of a mask that waits for another', async () => {
		const dir = makeFolder({
			'bottle/test/dent/other.png': 'x',
			'bottle/ground_truth/dent/part_mask.png': 'm',
		});
		const added = await addImage({ dir, image: await incoming({ label: 'dent' }) });
		expect(path.basename(added.path)).toMatch(/^part-[0-9a-f]{8}\.png$/);
	});
});

describe('duplicates', () => {
	test('the same content is not added again, under whatever name and label', async () => {
		const dir = makeFolder([]);
		await addImage({ dir, image: await incoming({ split: 'train' }) });
		const again = await addImage({ dir, image: await incoming({ name: 'b.png', split: 'train' }) });
		expect(again).toMatchObject({
			added: false,
			duplicateOf: 'bottle/train/good/part.png',
			path: 'bottle/train/good/part.png',
			conflict: false,
		});
		const elsewhere = await addImage({ dir, image: await incoming({ category: 'cap', label: 'dent' }) });
		expect(elsewhere).toMatchObject({
			added: false,
			duplicateOf: 'bottle/train/good/part.png',
			category: 'bottle',
			split: 'train',
			label: 'good',
			conflict: true,
		});
		expect(existsSync(path.join(dir, 'cap'))).toBe(false);
	});

	test('a duplicate fails when asked to', async () => {
		const dir = makeFolder([]);
		await addImage({ dir, image: await incoming({}) });
		await expect(addImage({ dir, image: await incoming({}), onDuplicate: 'fail' })).rejects.toMatchObject(
			{
				code: 'IMAGE_EXISTS',
				message: expect.stringContaining('bottle/test/good/part.png'),
			},
		);
	});

	test('images copied in by hand count, deleted ones do not, changed ones are what they are now', async () => {
		const dir = makeFolder({ 'bottle/train/good/1.png': 'x', 'bottle/train/good/2.png': 'y' });
		await addImage({ dir, image: await incoming({ level: 1 }) });
		writeFileSync(path.join(dir, 'bottle/train/good/3.png'), await picture(3));
		const copied = await addImage({ dir, image: await incoming({ level: 3 }) });
		expect(copied.duplicateOf).toBe('bottle/train/good/3.png');
		writeFileSync(path.join(dir, 'bottle/train/good/3.png'), await picture(4));
		expect((await addImage({ dir, image: await incoming({ level: 3 }) })).added).toBe(true);
		unlinkSync(path.join(dir, 'bottle/test/good/part.png'));
		expect((await addImage({ dir, image: await incoming({ level: 1 }) })).added).toBe(true);
	});

	test('many that come at once are each added once', async () => {
		const dir = makeFolder([]);
		const images = await Promise.all(Array.from({ length: 24 }, (_, i) => incoming({ level: i % 8 })));
		const outcomes = await Promise.all(images.map((image) => addImage({ dir, image })));
		expect(outcomes.filter(({ added }) => added)).toHaveLength(8);
		expect(readdirSync(path.join(dir, 'bottle/test/good'))).toHaveLength(8);
	});

	test('two processes that add the same images at once add each once', async () => {
		const dir = makeFolder([]);
		const script = path.join(__dirname, '..', '..', 'support', 'addImages.cjs');
		const outputs = await Promise.all(
			[1, 2].map(() => run(process.execPath, [script, dir, '12'], { timeout: 50_000 })),
		);
		const counts = outputs.map(({ stdout }) => Number(stdout));
		expect(counts[0] + counts[1]).toBe(12);
		expect(readdirSync(path.join(dir, 'bottle/test/good'))).toHaveLength(12);
		const lines = readFileSync(path.join(dir, INDEX), 'utf8').trim().split('\n');
		expect(new Set(lines.map((line) => (JSON.parse(line) as { path: string }).path)).size).toBe(12);
	});
});

test('a process that is killed in the middle leaves whole images, and the next one goes on', async () => {
	const dir = makeFolder([]);
	const folder = path.join(dir, 'bottle/test/good');
	const script = path.join(__dirname, '..', '..', 'support', 'addImages.cjs');
	const killed = spawn(process.execPath, [script, dir, '60']);
	const ended = once(killed, 'exit');
	while (!existsSync(folder) || readdirSync(folder).length < 10) await sleep(5);
	killed.kill('SIGKILL');
	await ended;
	const { stdout } = await run(process.execPath, [script, dir, '60'], { timeout: 50_000 });
	expect(Number(stdout)).toBeGreaterThan(0);
	const { categories, problems } = await scanDataset(dir);
	expect(problems).toEqual([]);
	expect(categories[0].test).toHaveLength(60);
	for (const { path: file } of categories[0].test) await sharp(file).raw().toBuffer();
});

describe('what is refused leaves nothing behind', () => {
	test.each([
		[
			'CONFIG_INVALID',
			{ split: 'train', label: 'dent' },
			/label "good" for a training image, found "dent"/,
		],
		['CONFIG_INVALID', { split: 'validation' }, /split "train" or "test", found "validation"/],
		['CONFIG_INVALID', { category: '../../etc' }, /folder as category/],
		['CONFIG_INVALID', { category: '' }, /is empty/],
		['CONFIG_INVALID', { category: 'Test' }, /meaning of its own/],
		['CONFIG_INVALID', { label: 'a/b' }, /folder as label/],
		['CONFIG_INVALID', { label: 'con' }, /some systems do not allow/],
		['CONFIG_INVALID', { label: '傷'.repeat(90) }, /too long/],
		['IMAGE_UNREADABLE', { bytes: Buffer.from('hello') }, /found text in part.png/],
		['IMAGE_UNREADABLE', { bytes: Buffer.alloc(0) }, /no bytes/],
	] as const)('%s: %#', async (code, change, message) => {
		const dir = path.join(makeFolder([]), 'new');
		const image = { ...(await incoming({})), ...change };
		await expect(addImage({ dir, image })).rejects.toMatchObject({
			code,
			message: expect.stringMatching(message),
		});
		expect(existsSync(dir)).toBe(false);
	});

	test('an image cut short, one too small, and masks that do not fit', async () => {
		const dir = path.join(makeFolder([]), 'new');
		const noisy = await sharp(
			Buffer.from(Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7919) % 256)),
			{
				raw: { width: 64, height: 64, channels: 3 },
			},
		)
			.png()
			.toBuffer();
		const cut = noisy.subarray(0, noisy.length / 2);
		const small = await sharp({ create: { width: 4, height: 40, channels: 3, background: 'red' } })
			.png()
			.toBuffer();
		const jpeg = await sharp(await picture(255))
			.jpeg()
			.toBuffer();
		const refused: [string, Partial<NewImage>][] = [
			['IMAGE_UNREADABLE', { bytes: cut }],
			['IMAGE_UNREADABLE', { bytes: small }],
			['MASK_MISMATCH', { label: 'dent', mask: { name: 'm', bytes: small } }],
			['MASK_MISMATCH', { label: 'dent', mask: { name: 'm', bytes: await picture(0) } }],
			['MASK_MISMATCH', { label: 'dent', mask: { name: 'm', bytes: jpeg } }],
			['MASK_MISMATCH', { label: 'good', mask: { name: 'm', bytes: await picture(255) } }],
		];
		for (const [code, change] of refused) {
			const image = { ...(await incoming({})), ...change };
			await expect(addImage({ dir, image })).rejects.toMatchObject({ code });
		}
		expect(existsSync(dir)).toBe(false);
	});

	test('a mask without room for its image is taken away again', async () => {
		const dir = makeFolder(['bottle/test/']);
		writeFileSync(path.join(dir, 'bottle/test/dent'), 'a file where the folder should be');
		const mask = { name: 'm', bytes: await picture(255) };
		const adding = addImage({ dir, image: await incoming({ label: 'dent', mask }) });
		await expect(adding).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
		expect(readdirSync(path.join(dir, 'bottle'))).toEqual(['test']);
	});

	test.each([
		['visa', { 'split_csv/1cls.csv': 'object,split,label,image,mask\n' }],
		['plain', { 'cap/1.png': 'x' }],
		['a single category', { 'train/good/1.png': 'x' }],
	])('a folder that is %s', async (_, files) => {
		const dir = makeFolder(files);
		const before = readdirSync(dir);
		await expect(addImage({ dir, image: await incoming({}) })).rejects.toMatchObject({
			code: 'DATASET_LAYOUT',
			hint: expect.stringContaining('<category>/<split>/<label>/<name>'),
		});
		expect(readdirSync(dir)).toEqual(before);
	});

	test('names that differ from existing ones in case only', async () => {
		const dir = makeFolder({ 'bottle/test/dent/1.png': 'x' });
		for (const change of [{ category: 'Bottle' }, { label: 'Dent' }]) {
			await expect(addImage({ dir, image: await incoming(change) })).rejects.toMatchObject({
				code: 'CONFIG_INVALID',
				message: expect.stringMatching(/as it is written/),
			});
		}
	});

	test('a folder of categories is no category', async () => {
		const dir = makeFolder({ 'line1/cap/train/good/1.png': 'x' });
		await expect(addImage({ dir, image: await incoming({ category: 'line1' }) })).rejects.toMatchObject({
			code: 'CONFIG_INVALID',
			message: expect.stringContaining('with the categories "cap"'),
		});
	});

	test('links that lead out of the dataset', async () => {
		const outside = makeFolder([], 'outside');
		for (const link of ['bottle', '.dinomaly', 'bottle/test/good']) {
			const dir = makeFolder(link.includes('/') ? ['bottle/train/good/1.png'] : []);
			mkdirSync(path.dirname(path.join(dir, link)), { recursive: true });
			symlinkSync(outside, path.join(dir, link));
			await expect(addImage({ dir, image: await incoming({}) })).rejects.toMatchObject({
				code: 'CONFIG_INVALID',
				message: expect.stringMatching(/link that leaves/),
			});
			expect(readdirSync(outside)).toEqual([]);
		}
	});

	test('an aborted hashing stops', async () => {
		const dir = makeFolder({ 'bottle/train/good/1.png': 'x' });
		const adding = addImage({ dir, image: await incoming({}) }, { signal: AbortSignal.abort() });
		await expect(adding).rejects.toMatchObject({ name: 'AbortError' });
	});
});

interface Wish {
	readonly name?: string;
	readonly category?: string;
	readonly split?: string;
	readonly label?: string;
	readonly level?: number;
	readonly mask?: NewImage['mask'];
}

async function incoming({ level = 7, ...wish }: Wish): Promise<NewImage> {
	const defaults = { name: 'part.png', category: 'bottle', split: 'test', label: 'good' };
	return { ...defaults, bytes: await picture(level), ...wish };
}

/** 20 x 18 pixels of one level. */
function picture(level: number): Promise<Buffer> {
	return sharp({
		create: { width: 20, height: 18, channels: 3, background: { r: level, g: level, b: level } },
	})
		.png()
		.toBuffer();
}
