import { parseChoice } from '../../bench/support/choice';

const KNOWN = { processor: ['scoring', 'training', 'growth'], device: ['deviceScoring', 'callers'] };

test.each<[string, string[], object]>([
	['nothing: all of them', [], { quick: false, list: false }],
	[
		'names behind --only, as the documentation has them',
		['--only', 'scoring', 'training'],
		{ quick: false, list: false, only: ['scoring', 'training'] },
	],
	['--only for each name', ['--only', 'scoring', '--only', 'growth'], { only: ['scoring', 'growth'] }],
	['names alone', ['growth', '--quick'], { quick: true, only: ['growth'] }],
	['a device', ['--device', 'webgpu', 'callers'], { only: ['callers'], device: 'webgpu' }],
	['a folder for figures', ['--list', '--out', 'figures'], { list: true, out: 'figures' }],
])('benchmarks to run: %s', (_, args, choice) => {
	expect(parseChoice(args, KNOWN)).toMatchObject(choice);
	expect('only' in parseChoice(args, KNOWN)).toBe('only' in choice);
});

test('a name that is none is refused with the names that are', () => {
	expect(() => parseChoice(['--only', 'scoring', 'scorin'], KNOWN)).toThrow(
		'Expected the name of a benchmark (scoring, training, growth), found "scorin"',
	);
	expect(() => parseChoice(['--device', 'cuda', 'scoring'], KNOWN)).toThrow(
		'Expected the name of a benchmark (deviceScoring, callers), found "scoring"',
	);
	expect(() => parseChoice(['--fast'], KNOWN)).toThrow(/--fast/);
});
