import { markTruth } from '../../src/imaging/truth';

test('the defect keeps its light, a white line surrounds it, all else is dimmed', () => {
	const picture = { data: new Uint8Array(5 * 4 * 3).fill(100), width: 5, height: 4, channels: 3 } as const;
	const data = new Uint8Array(5 * 4);
	data[1 * 5 + 1] = 1; // masks of 0 and 1 count like those of 0 and 255
	const { data: marked } = markTruth(picture, { data, width: 5, height: 4, channels: 1, kind: 'levels' });
	const rows = [0, 1, 2, 3].map((y) => [0, 1, 2, 3, 4].map((x) => marked[(y * 5 + x) * 3]));
	expect(rows).toEqual([
		[255, 255, 255, 30, 30],
		[255, 100, 255, 30, 30],
		[255, 255, 255, 30, 30],
		[30, 30, 30, 30, 30],
	]);
});

test('a scratch of one pixel in a large mask does not vanish, and a small mask is spread', () => {
	const picture = { data: new Uint8Array(4 * 4 * 3).fill(200), width: 4, height: 4, channels: 3 } as const;
	const large = new Uint8Array(100 * 100 * 3);
	large[(99 * 100 + 99) * 3 + 2] = 255;
	const fromLarge = markTruth(picture, {
		data: large,
		width: 100,
		height: 100,
		channels: 3,
		kind: 'levels',
	});
	expect(fromLarge.data[15 * 3]).toBe(200);
	expect(fromLarge.data[0]).toBe(60);
	const fromSmall = markTruth(picture, {
		data: Uint8Array.of(0, 0, 0, 9),
		width: 2,
		height: 2,
		channels: 1,
		kind: 'labels',
	});
	expect([10, 11, 14, 15].map((i) => fromSmall.data[i * 3])).toEqual([200, 200, 200, 200]);
});
