import { checkZones } from '../../src/zones/checkZones';
import type { InspectionZone, InspectionZones } from '../../src/zones/inspectionZones';
import { rectangleZone } from '../../src/zones/shapes';
import { ZoneAreas } from '../../src/zones/zoneAreas';
import { refusalOf } from '../support/refusals';

const SIZE = { width: 40, height: 30 };

function rectangle(text: string, more: Partial<InspectionZone> = {}): InspectionZone {
	const { corners } = rectangleZone('label', text);
	return { name: 'label', use: 'ignore', shape: { kind: 'polygon', corners }, ...more };
}

function zones(...list: InspectionZone[]): InspectionZones {
	return { size: SIZE, zones: list };
}

test.each<[string, InspectionZones, string, string]>([
	['no zone', zones(), 'CONFIG_INVALID', 'Expected 1 to 1000 zones, found 0'],
	[
		'an unknown category',
		zones(rectangle('1,1,5,5', { category: 'cable' })),
		'CATEGORY_UNKNOWN',
		'Expected zone "label" to be for a category of the model, found "cable"',
	],
	[
		'a zone outside of the image',
		zones(rectangle('40,0,5,5')),
		'CONFIG_INVALID',
		'Expected zone "label" to hold pixels of the image of 40 x 30 pixels, found it outside',
	],
	[
		'a zone between the centres of pixels',
		zones(rectangle('1.6,1,0.3,5')),
		'CONFIG_INVALID',
		'Expected zone "label" to hold pixels of the image of 40 x 30 pixels, found none in it',
	],
	[
		'a black mask',
		zones(rectangle('1,1,5,5', { shape: { kind: 'mask', runs: [1200] } })),
		'CONFIG_INVALID',
		'Expected the mask of zone "label" to be white where the zone is, found it black all over',
	],
	[
		'zones that cover everything for one category',
		zones(rectangle('0,0,20,30'), rectangle('20,0,20,30', { category: 'bolt' })),
		'CONFIG_INVALID',
		'Expected the zones to leave a part of the image of category "bolt" to inspect, found that they cover it',
	],
])('%s is refused in one sentence', (_, given, code, message) => {
	const refusal = refusalOf(() => {
		checkZones(given, ['bolt', 'nut']);
	});
	expect([refusal.code, refusal.message]).toEqual([code, message]);
	expect(refusal.hint).not.toBe('');
});

test('zones that reach beyond the image are fine', () => {
	expect(() => {
		checkZones(zones(rectangle('-10,-10,20,20')), ['bolt']);
	}).not.toThrow();
});

describe('areas', () => {
	const areas = new ZoneAreas(zones(rectangle('0,0,20,30'), rectangle('20,0,10,30', { category: 'nut' })));

	test('zones of other categories do not count', () => {
		expect(areas.of('bolt', SIZE)?.count).toBe(20 * 30);
		expect(areas.of('nut', SIZE)?.count).toBe(10 * 30);
		expect(
			new ZoneAreas(zones(rectangle('0,0,5,5', { category: 'nut' }))).of('bolt', SIZE),
		).toBeUndefined();
	});

	test('are made once for a size, and shared by categories with the same zones', () => {
		expect(areas.of('bolt', SIZE)).toBe(areas.of('bolt', { ...SIZE }));
		expect(areas.of('washer', SIZE)).toBe(areas.of('bolt', SIZE));
		expect(areas.of('nut', SIZE)).not.toBe(areas.of('bolt', SIZE));
		expect(areas.of('bolt', { width: 80, height: 60 })).not.toBe(areas.of('bolt', SIZE));
	});

	test('of an image of unknown category there is none when categories differ', () => {
		const refusal = refusalOf(() => areas.of(null, SIZE));
		expect([refusal.code, refusal.hint]).toEqual([
			'CATEGORY_UNKNOWN',
			'Say what the image shows. Categories with zones: nut.',
		]);
	});

	test('other sizes of the same proportions are scaled, other proportions refused', () => {
		expect(areas.of('bolt', { width: 400, height: 300 })?.count).toBe(200 * 300);
		expect(areas.of('bolt', { width: 403, height: 300 })?.count).toBeGreaterThan(200 * 300);
		const refusal = refusalOf(() => areas.of('bolt', { width: 300, height: 300 }));
		expect([refusal.code, refusal.message]).toEqual([
			'ZONE_MISMATCH',
			"Expected an image of the proportions that the model's zones were drawn on, 40 x 30 pixels, found 300 x 300",
		]);
	});
});
