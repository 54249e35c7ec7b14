import { imageSizeOf, parseZones } from '../../src/zones/zonesRequest';
import { refusalOf } from '../support/refusals';

const resolve = (file: string): string => `/drawn/${file}`;

test('shapes are texts or lists of numbers; what has no name is called by its number', () => {
	const file = {
		imageSize: [640, 480],
		zones: [
			{ name: 'label', use: 'ignore', rectangle: '10, 20, 30, 40', category: 'bottle' },
			{
				use: 'inspect',
				polygon: [
					[0, 0],
					[100, 0],
					[0, 100],
				],
			},
			{ name: 'seal', use: 'inspect', mask: 'seal.png', category: '*' },
		],
	};
	expect(parseZones(file, resolve)).toEqual({
		size: { width: 640, height: 480 },
		zones: [
			{
				name: 'label',
				use: 'ignore',
				category: 'bottle',
				shape: {
					kind: 'polygon',
					corners: [
						[10, 20],
						[40, 20],
						[40, 60],
						[10, 60],
					],
				},
			},
			{
				name: '2',
				use: 'inspect',
				shape: {
					kind: 'polygon',
					corners: [
						[0, 0],
						[100, 0],
						[0, 100],
					],
				},
			},
			{ name: 'seal', use: 'inspect', shape: { kind: 'maskFile', file: '/drawn/seal.png' } },
		],
	});
});

const zone = (fields: object): unknown => ({ imageSize: '640x480', zones: [{ name: 'a', ...fields }] });

test.each<[string, unknown, string]>([
	['a list instead of the file', [], 'Expected the zones file to be an object, found []'],
	['no zones', { imageSize: '6x4' }, 'Expected "zones" of the zones file to be a list, found nothing'],
	[
		'a field that is none',
		zone({ use: 'ignore', rect: '1,1,1,1' }),
		'Expected zone 1 to have name, use, category, rectangle, polygon, mask, found "rect"',
	],
	[
		'no use',
		zone({ rectangle: '1,1,1,1' }),
		'Expected the use of zone "a" to be "inspect" or "ignore", found nothing',
	],
	[
		'no shape',
		zone({ use: 'ignore' }),
		'Expected zone "a" to have one shape, a rectangle, a polygon or a mask, found none',
	],
	[
		'two shapes',
		zone({ use: 'ignore', rectangle: '1,1,1,1', mask: 'a.png' }),
		'Expected zone "a" to have one shape, a rectangle, a polygon or a mask, found rectangle and mask',
	],
	[
		'a polygon of two points',
		zone({ use: 'ignore', polygon: '1,1 5,5' }),
		'Expected zone "a" to be at least three corners, such as "10,10 200,20 120,180", found "1,1 5,5"',
	],
	[
		'a rectangle of three numbers',
		zone({ use: 'ignore', rectangle: [1, 2, 3] }),
		'Expected zone "a" to be the four numbers x, y, width and height, such as "120, 80, 200, 150", found "[1,2,3]"',
	],
	[
		'a size that is none',
		{ imageSize: 'large', zones: [] },
		'Expected the size of the image that zones were drawn on as width x height, such as 640x480, found "large"',
	],
])('%s is refused in one sentence', (_, content, message) => {
	const refusal = refusalOf(() => parseZones(content, resolve));
	expect([refusal.code, refusal.message]).toEqual(['CONFIG_INVALID', message]);
	expect(refusal.hint).not.toBe('');
});

test.each(['640x480', '640 x 480', '640×480', '640,480', ' 640 480 '])('"%s" is a size', (text) => {
	expect(imageSizeOf(text)).toEqual({ width: 640, height: 480 });
});
