import { join, resolve, win32 } from 'node:path';
import { homedir } from 'node:os';
import * as fc from 'fast-check';
import { isName, parseRef, validateName } from '../../src/store/names';
import { defaultStore } from '../../src/store/paths';
import { thrownBy } from './thrown';

describe('names', () => {
	test.each(['bolts', 'M8_bolt-2.1', '_x', '42', 'a'.repeat(64)])('%s is a model name', (name) => {
		expect(validateName(name, 'model')).toBe(name);
	});

	test.each([
		'',
		'.hidden',
		'..',
		'-rf',
		'a/b',
		'a\\b',
		'a:b',
		'a@1',
		'a b',
		'ends.',
		'nul',
		'COM1.txt',
		'ümlaut',
		'a\0b',
		'a\nb',
		'__proto__',
		'constructor',
		'a'.repeat(65),
	])('%j is refused as a model name', (name) => {
		expect(thrownBy(() => validateName(name, 'model'))).toMatchObject({ code: 'CONFIG_INVALID' });
	});

	test('the error says what is allowed and what was found', () => {
		expect(thrownBy(() => validateName('a/b', 'model'))).toMatchObject({
			message: 'Expected a model name of 1 to 64 characters, found "a/b"',
			hint: expect.stringContaining('ASCII letters, digits, ".", "_" and "-"'),
		});
	});

	test('a name is text', () => {
		expect(() => validateName(7, 'model')).toThrow('found number');
	});

	test('a category may be named as people name folders, in any script', () => {
		for (const name of ['metal_nut', 'Gehäuse groß', '電池', 'part 2.1'])
			expect(isName(name, 'category')).toBe(true);
		for (const name of [' a', 'a ', 'a  b', 'a/b', '../a', 'toString', 'a\tb'])
			expect(isName(name, 'category')).toBe(false);
	});

	test('an alias is neither a number nor "latest", lest it be taken for a version', () => {
		expect(isName('production', 'alias')).toBe(true);
		expect(isName('7', 'alias')).toBe(false);
		expect(isName('latest', 'alias')).toBe(false);
	});

	test('no name leads out of its folder', () => {
		const piece = fc.constantFrom(
			'a',
			'7',
			'.',
			'..',
			'/',
			'\\',
			':',
			' ',
			'-',
			'_',
			'~',
			'\0',
			'é',
			'CON',
		);
		const names = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''));
		fc.assert(
			fc.property(names, fc.constantFrom('model', 'alias', 'category', 'file'), (name, kind) => {
				if (!isName(name, kind)) return;
				expect(resolve('/store', name)).toBe(join(resolve('/store'), name));
				expect(win32.dirname(win32.resolve('C:\\store', name))).toBe('C:\\store');
			}),
			{ numRuns: 2000 },
		);
	});
});

describe('references', () => {
	test('a reference is a name, alone or with a version or an alias', () => {
		expect(parseRef('bolts')).toEqual({ kind: 'name', name: 'bolts' });
		expect(parseRef('bolts@12')).toEqual({ kind: 'version', name: 'bolts', version: '12' });
		expect(parseRef('bolts@candidate')).toEqual({ kind: 'alias', name: 'bolts', alias: 'candidate' });
		expect(parseRef('bolts@latest')).toEqual({ kind: 'alias', name: 'bolts', alias: 'latest' });
	});

	test.each(['', '@1', 'bolts@', 'bolts@0', 'bolts@01', 'bolts@../x', 'bolts@1@2', '../bolts@1'])(
		'%j is no reference',
		(ref) => {
			expect(thrownBy(() => parseRef(ref))).toMatchObject({ code: 'CONFIG_INVALID' });
		},
	);
});

describe('default store', () => {
	test('DINOMALY_STORE comes before the n8n user folder, and that before the home folder', () => {
		expect(defaultStore({ DINOMALY_STORE: '/models', N8N_USER_FOLDER: '/data' })).toBe(
			resolve('/models'),
		);
		expect(defaultStore({ N8N_USER_FOLDER: '/data' })).toBe(resolve('/data/.n8n/dinomaly'));
		expect(defaultStore({ DINOMALY_STORE: '', N8N_USER_FOLDER: '' })).toBe(
			resolve(homedir(), '.n8n/dinomaly'),
		);
	});
});
