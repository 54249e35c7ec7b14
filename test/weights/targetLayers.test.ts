import { targetLayers } from '../../src/weights/targetLayers';

test('12 blocks give blocks 2 to 9, and so does the least depth that has them', () => {
	expect(targetLayers(12)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
	expect(targetLayers(10)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
});

test('24 blocks give every second block from 4 to 18', () => {
	expect(targetLayers(24)).toEqual([4, 6, 8, 10, 12, 14, 16, 18]);
});

test('fewer than 10 blocks are refused', () => {
	expect(() => targetLayers(9)).toThrow('at least 10 blocks, found 9');
});
