import { expandRelativePositionBias, relativeGridSide } from '../../src/weights/relativePosition';

test('the grid side follows from the rows of the table', () => {
	expect(relativeGridSide(732)).toBe(14); // BEiT at 224 px: 27 x 27 offsets and three kinds of pairs with cls
	expect(relativeGridSide(2212)).toBe(24);
	expect(relativeGridSide(731)).toBeUndefined();
	expect(relativeGridSide(3)).toBeUndefined();
});

test('a 2 x 2 grid expands as worked out by hand', () => {
	// Offsets (row, column) from (-1, -1) to (1, 1) are rows 0 to 8; cls to patch 9, patch to cls 10, cls to cls 11.
	const table = Float32Array.from({ length: 12 }, (_, i) => i);
	expect([...expandRelativePositionBias(table, 2, 1)]).toEqual(
		[
			[11, 9, 9, 9, 9],
			[10, 4, 3, 1, 0],
			[10, 5, 4, 2, 1],
			[10, 7, 6, 4, 3],
			[10, 8, 7, 5, 4],
		].flat(),
	);
});

test('heads are the columns of the table', () => {
	const table = Float32Array.from({ length: 24 }, (_, i) => i);
	const bias = expandRelativePositionBias(table, 2, 2);
	const one = expandRelativePositionBias(
		Float32Array.from({ length: 12 }, (_, i) => i),
		2,
		1,
	);
	expect([...bias.subarray(0, 25)]).toEqual([...one].map((row) => 2 * row));
	expect([...bias.subarray(25)]).toEqual([...one].map((row) => 2 * row + 1));
});

test('a table for another grid is refused', () => {
	expect(() => expandRelativePositionBias(new Float32Array(12), 3, 1)).toThrow('28 x 1 values, found 12');
});
