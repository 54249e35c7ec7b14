import fc from 'fast-check';
import { categoryNameFault } from '../../src/dataset/categoryName';
import { parseCsv } from '../../src/dataset/csv';
import { pairMasks } from '../../src/dataset/masks';
import { compareBytewise } from '../../src/dataset/order';
import { mapLimited } from '../../src/dataset/parallel';

describe('order', () => {
	test('names compare as their UTF-8 bytes do', () => {
		const text = fc.string({ unit: 'grapheme' });
		fc.assert(
			fc.property(text, text, (a, b) => {
				expect(Math.sign(compareBytewise(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
			}),
		);
	});
});

describe('masks', () => {
	test('STEM_mask wins over STEM, whatever the extensions', () => {
		const pairs = pairMasks(['1.JPG', '2.png', '3.png'], ['1.png', '1_mask.PNG', '2.tif']);
		expect([...pairs]).toEqual([
			['1.JPG', '1_mask.PNG'],
			['2.png', '2.tif'],
		]);
	});

	test('an image whose own name ends in _mask keeps its mask', () => {
		const pairs = pairMasks(['a.png', 'a_mask.png'], ['a_mask.png', 'a_mask_mask.png']);
		expect(Object.fromEntries(pairs)).toEqual({ 'a.png': 'a_mask.png', 'a_mask.png': 'a_mask_mask.png' });
	});

	test('a mask serves one image only', () => {
		expect([...pairMasks(['1.jpg', '1.png'], ['1_mask.png'])]).toEqual([['1.jpg', '1_mask.png']]);
	});
});

describe('csv', () => {
	test('fields may be quoted, with commas, quotes and line breaks in them', () => {
		const text = 'a,b,c\r\n1,"x, ""y""\nz",3\r\n\r\n4,5\r\n';
		expect(parseCsv(text)).toEqual([
			{ a: '1', b: 'x, "y"\nz', c: '3' },
			{ a: '4', b: '5', c: '' },
		]);
	});

	test('no text gives no rows', () => {
		expect(parseCsv('')).toEqual([]);
		expect(parseCsv('a,b\n')).toEqual([]);
	});

	test('what is written as CSV reads back', () => {
		const field = fc.string().map((text) => text.trim());
		fc.assert(
			fc.property(fc.array(fc.tuple(field, field)), (rows) => {
				const quoted = rows.map((row) =>
					row.map((text) => `"${text.replaceAll('"', '""')}"`).join(','),
				);
				const expected = rows.map(([a, b]) => ({ a, b }));
				expect(parseCsv(['a,b', ...quoted].join('\n'))).toEqual(expected);
			}),
		);
	});
});

describe('category names', () => {
	test.each(['bottle', 'metal_nut', 'Größe 2', '歯車', 'a.b-c', '_x'])('%s is one', (name) => {
		expect(categoryNameFault(name)).toBeNull();
	});

	test.each(['', '.', '..', 'a/b', 'a\\b', 'a:b', ' a', 'a ', 'a.', '-a', 'a\u0000', 'x'.repeat(101)])(
		'%j is none',
		(name) => {
			expect(categoryNameFault(name)).toMatch(/^(has|is|ends)/);
		},
	);
});

describe('parallel work', () => {
	test('results keep the order of the items and the limit holds', async () => {
		let running = 0;
		let most = 0;
		const work = async (item: number): Promise<number> => {
			most = Math.max(most, ++running);
			await new Promise((resolve) => setTimeout(resolve, item % 3));
			running--;
			return item * 2;
		};
		const items = Array.from({ length: 20 }, (_, i) => i);
		await expect(mapLimited(items, work, { limit: 4 })).resolves.toEqual(items.map((item) => item * 2));
		expect(most).toBe(4);
		await expect(mapLimited([], work, { limit: 4 })).resolves.toEqual([]);
	});

	test('the first failure stops the rest', async () => {
		const seen: number[] = [];
		const work = (item: number): Promise<void> => {
			seen.push(item);
			return item === 3 ? Promise.reject(new Error('three')) : Promise.resolve();
		};
		const items = Array.from({ length: 100 }, (_, i) => i);
		await expect(mapLimited(items, work, { limit: 2 })).rejects.toThrow('three');
		expect(seen.length).toBeLessThan(10);
	});
});
