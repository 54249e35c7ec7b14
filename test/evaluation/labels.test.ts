import { readLabel } from '../../src/evaluation/labels';

test.each([
	['good', false],
	['OK', false],
	[' Normal ', false],
	[false, false],
	[0, false],
	['0', false],
	['scratch', true],
	['NG', true],
	[true, true],
	[1, true],
])('%p is anomalous: %p', (value, anomalous) => {
	expect(readLabel(value)?.anomalous).toBe(anomalous);
});

test.each([undefined, null, '', '  ', Number.NaN, {}, []])('%p is no label', (value) => {
	expect(readLabel(value)).toBeUndefined();
});

test('defects keep their name, truth values get one', () => {
	expect(readLabel('scratch')?.label).toBe('scratch');
	expect(readLabel(true)?.label).toBe('anomalous');
	expect(readLabel('gut', ['gut'])).toEqual({ label: 'good', anomalous: false });
});
