import fc from 'fast-check';
import { shownName, shownValue } from '../src/shownValue';

test('what fits is shown as JSON, whatever it is', () => {
	fc.assert(
		fc.property(fc.jsonValue({ noUnicodeString: true }), (value) => {
			const json = JSON.stringify(value);
			expect(shownValue(value, json.length)).toBe(json);
		}),
	);
});

test('what does not fit is cut, and nothing else of it is looked at', () => {
	expect(shownValue('x'.repeat(100), 10)).toBe('"xxxxxx...');
	expect(
		shownValue(
			Array.from({ length: 5_000_000 }, (_, i) => i),
			12,
		),
	).toBe('[0,1,2,3,...');
	let deep: unknown = [];
	for (let i = 0; i < 1_000_000; i++) deep = [deep];
	expect(shownValue(deep, 12)).toBe('[[[[[[[[[...');
	expect(shownValue({ a: deep }, 12)).toBe('{"a":[[[[...');
});

test('what would garble a terminal or a log is written out', () => {
	expect(shownValue('a\u001b[31m\n\u0085\u202e')).toBe('"a\\u001b[31m\\n\\u0085\\u202e"');
	expect(shownName('a\u001b[2J\u009b')).toBe('a\\u001b[2J\\u009b');
	expect(shownName('x'.repeat(1000), 10)).toBe('xxxxxxx...');
});

test('what JSON has no words for', () => {
	expect([undefined, () => 1, 10n].map((value) => shownValue(value))).toEqual(['nothing', 'nothing', '10']);
});
