import fc from 'fast-check';
import { byteCount, list, parseFlags, text, toggle } from '../../src/cli/flags';
import { uniqueStems } from '../../src/cli/imageFiles';
import { nearest } from '../../src/cli/nearest';
import { duration } from '../../src/cli/progress';
import { decimals, table } from '../../src/cli/table';

test.each([
	['imagesize', 'image-size'],
	['--dta', undefined],
	['dta', 'data'],
	['modle', 'model'],
	['seed', 'seed'],
	['qqqqq', undefined],
])('the nearest of "%s" is %s', (word, known) => {
	expect(nearest(word, ['image-size', 'data', 'model', 'seed'])).toBe(known);
});

test('a list takes the words after it, until the next option', () => {
	const flags = { category: list('NAME', ''), json: toggle(''), out: text('X', '') };
	const { values, words } = parseFlags(flags, [
		'w',
		'--category',
		'a',
		'b',
		'--json',
		'x',
		'--category=c',
		'd',
		'--out',
		'o',
		'y',
	]);
	expect(values).toEqual({ category: ['a', 'b', 'c', 'd'], json: true, out: 'o' });
	expect(words).toEqual(['w', 'x', 'y']);
});

test.each([
	['20GB', 20e9],
	['1.5 k', 1500],
	['8GiB', 8 * 2 ** 30],
	['500m', 500e6],
	['0', 0],
	['12b', 12],
])('%s is %d bytes', (given, bytes) => {
	expect(parseFlags({ limit: byteCount('SIZE', '') }, ['--limit', given]).values.limit).toBe(bytes);
});

test('equal stems are told apart by their folders, equal paths by a number', () => {
	expect(uniqueStems(['d/dent/000.png', 'd/good/000.png', 'd/good/001.png'])).toEqual([
		'dent_000',
		'good_000',
		'001',
	]);
	expect(uniqueStems(['x/test/a.png', 'y/test/a.png', 'a.png'])).toEqual(['x_test_a', 'y_test_a', 'a']);
	expect(uniqueStems(['a.png', 'a.png', 'a-2.png'])).toEqual(['a', 'a-2', 'a-2-2']);
});

test('stems never collide, whatever the files are called', () => {
	const name = fc.constantFrom('a.png', 'A.jpg', 'x/a.png', 'a-2.png', 'b.png');
	fc.assert(
		fc.property(fc.array(name, { maxLength: 12 }), (files) => {
			const stems = uniqueStems(files);
			expect(new Set(stems.map((stem) => stem.toLowerCase())).size).toBe(files.length);
		}),
	);
});

test.each([
	[0, '0:00'],
	[187.4, '3:07'],
	[3723, '1:02:03'],
	[3599.9, '1:00:00'],
])('%d s read %s', (seconds, shown) => {
	expect(duration(seconds)).toBe(shown);
});

test('a table aligns its columns and lets no control character through', () => {
	const shown = table(
		['name', 'n'],
		[
			['a\u001b[31m', 5],
			['longer', null],
		],
		['left', 'right'],
	);
	expect(shown).toBe('name    n\na?[31m  5\nlonger  -');
});

test('what is not a number is a dash', () => {
	expect([decimals(null), decimals(NaN), decimals(0.12345)]).toEqual(['-', '-', '0.1235']);
});
