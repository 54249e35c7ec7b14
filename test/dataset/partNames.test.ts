import { readPartNames } from '../../src/dataset/partNames';

test.each([
	['*_{part}_*.jpg', 'screw/train/good/line3_A17_0004.jpg', 'A17'],
	['*_*_{part}_crop_*', 'screw/train/good/01_200828110014_277500_315_crop_2.jpg', '277500_315'],
	['{part}.*', 'good/plate.7.png', 'plate'],
	['{part}-?.png', 'good/a-1.png', null],
	['{part}-?.png', 'good/a-?.png', 'a'],
	['part (*)_{part}.png', 'good/part (2)_x.png', 'x'],
	['{part}/*', 'screw/train/good/A17/0001.jpg', 'A17'],
	['good/{part}/*.jpg', 'screw/train/good/A17/0001.jpg', 'A17'],
	['good/{part}/*.jpg', 'screw/train/good/0001.jpg', null],
	['*_{part}_*.jpg', 'screw/train/good/plain.jpg', null],
	[' {part}_* ', 'good/ä_1.png', 'ä'],
])('by %s the image %s shows the part %s', (pattern, relativePath, part) => {
	expect(readPartNames(pattern)({ relativePath })).toBe(part);
});

test.each(['', '*.jpg', '{part}_{part}.jpg', '{Part}_*'])('the pattern "%s" is refused', (pattern) => {
	expect(() => readPartNames(pattern)).toThrow(
		`Expected the names of parts to be told by a pattern with {part} once, such as *_{part}_*.jpg, found "${pattern}"`,
	);
});
