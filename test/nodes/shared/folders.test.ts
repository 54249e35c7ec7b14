import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
	allowedFolders,
	baseFolder,
	checkFolder,
	isInside,
	type PathGuard,
} from '../../../nodes/shared/folders';

let root: string;
let first: string;
let second: string;
let environment: Record<string, string>;

beforeAll(() => {
	root = realpathSync(mkdtempSync(join(tmpdir(), 'dinomaly-folders-')));
	first = join(root, 'first');
	second = join(root, 'second');
	mkdirSync(join(first, 'sample'), { recursive: true });
	mkdirSync(second);
	mkdirSync(join(root, 'first-not'));
	symlinkSync(join(root, 'first-not'), join(first, 'out'), 'junction');
	symlinkSync(join(first, 'sample'), join(first, 'in'), 'junction');
	symlinkSync(join(root, 'nowhere'), join(first, 'dangling'), 'junction');
	environment = { N8N_RESTRICT_FILE_ACCESS_TO: `${first};${second}` };
});
afterAll(() => {
	rmSync(root, { recursive: true, force: true });
});

/** n8n's rule for allowed folders. */
const guard: PathGuard = (path) => !allowedFolders(environment).some((folder) => isInside(folder, path));
const check = (text: unknown): Promise<unknown> => checkFolder(text, guard, environment);

test('a relative path counts from the first allowed folder', async () => {
	expect(await check('sample')).toBe(join(first, 'sample'));
	expect(await check('  new/deep ')).toBe(join(first, 'new', 'deep'));
	expect(baseFolder({})).toBe(join(homedir(), '.n8n-files'));
	expect(baseFolder({ N8N_RESTRICT_FILE_ACCESS_TO: '' })).toBe(join(homedir(), '.n8n-files'));
});

test('an absolute path inside any allowed folder is taken, also one that does not exist', async () => {
	expect(await check(second)).toBe(second);
	expect(await check(join(second, 'a', 'b'))).toBe(join(second, 'a', 'b'));
});

test.each(['..', '../first-not', 'sample/../../first-not', '/'])('%s leaves and is refused', async (text) => {
	expect(await check(text)).toMatchObject({
		message: expect.stringContaining(`inside ${first} or ${second}`),
		hint: expect.stringContaining('N8N_RESTRICT_FILE_ACCESS_TO'),
	});
});

test('a folder whose name begins like an allowed one is refused', async () => {
	expect(await check(join(root, 'first-not'))).toMatchObject({ message: expect.any(String) });
});

test('a link that stays inside is followed', async () => {
	expect(await check('in')).toBe(join(first, 'sample'));
});

test('a link that leaves is refused, also when the path goes on behind it', async () => {
	expect(await check('out')).toMatchObject({
		message: expect.stringContaining(`which leads to ${join(root, 'first-not')}`),
	});
	expect(await check('out/new')).toMatchObject({ message: expect.stringContaining('which leads to') });
});

test('a link that leads nowhere is refused', async () => {
	expect(await check('dangling/new')).toMatchObject({
		message: expect.stringContaining('cannot be followed'),
	});
});

test('what n8n keeps for itself is named as such', async () => {
	expect(await checkFolder('sample', () => true, environment)).toMatchObject({
		message: expect.stringContaining('n8n keeps for itself'),
	});
	expect(await checkFolder(join(root, 'x'), () => true, { N8N_RESTRICT_FILE_ACCESS_TO: '' })).toMatchObject(
		{ message: expect.stringContaining("outside of n8n's own files") },
	);
});

test.each([undefined, '', '  ', 5])('%p is no folder', async (text) => {
	expect(await check(text)).toMatchObject({ message: 'Expected a folder, found nothing' });
});

test('a zero byte is refused before the file system sees it', async () => {
	expect(await check('a\0b')).toMatchObject({ message: expect.stringContaining('zero byte') });
});

test("allowed folders are read as n8n reads them: ';' between, home for '~', quotes dropped", () => {
	expect(allowedFolders({})).toEqual([join(homedir(), '.n8n-files')]);
	expect(allowedFolders({ N8N_RESTRICT_FILE_ACCESS_TO: '"/a; ~/b;;"' })).toEqual([
		join('/a'),
		join(homedir(), 'b'),
	]);
	expect(allowedFolders({ N8N_RESTRICT_FILE_ACCESS_TO: ' ' })).toEqual([]);
});
