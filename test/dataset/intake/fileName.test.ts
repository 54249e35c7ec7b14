import fc from 'fast-check';
import { freeStem, safeStem } from '../../../src/dataset/intake/fileName';

test.each([
	['IMG_0001.JPG', 'IMG_0001'],
	['../../etc/passwd', 'passwd'],
	['C:\\photos\\part 7.png', 'part 7'],
	['.hidden.png', 'hidden'],
	['a:b*c?.png', 'a_b_c_'],
	['con.png', '_con'],
	['傷 01.png', '傷 01'],
	['2024.11.24 12.30.05.png', '2024.11.24 12.30.05'],
	['...', 'image'],
	['', 'image'],
	['--help', 'help'],
	['x\u0000y.png', 'x_y'],
])('%j becomes %j', (name, stem) => {
	expect(safeStem(name)).toBe(stem);
});

test('whatever the name, the stem is safe, short and stays as it is when made safe again', () => {
	fc.assert(
		fc.property(
			fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary', maxLength: 300 })),
			(name) => {
				const stem = safeStem(name);
				expect(stem).toMatch(/^[\p{L}\p{N}\p{M}_][\p{L}\p{N}\p{M} ._-]*$/u);
				expect(Buffer.byteLength(stem)).toBeLessThanOrEqual(101);
				expect(stem).not.toMatch(/[. ]$/);
			},
		),
	);
});

test('a stem that is taken gets the start of the hash, more of it when that is taken too', () => {
	const hash = '0123456789abcdef'.repeat(4);
	const taken = new Set<string>();
	const next = (): string => {
		const stem = freeStem('Cam', hash, (one) => taken.has(one));
		taken.add(stem.toLowerCase());
		return stem;
	};
	expect([next(), next(), next(), next(), next(), next()]).toEqual([
		'Cam',
		'Cam-01234567',
		'Cam-0123456789abcdef',
		`Cam-${hash}`,
		`Cam-${hash}-2`,
		`Cam-${hash}-3`,
	]);
});
