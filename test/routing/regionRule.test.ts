import { decide } from '../../src/routing/route';
import type { RegionReading, RegionRule } from '../../src/routing/regionRule';
import { rectangleZone } from '../../src/zones/shapes';

const left = rectangleZone('left', '0, 0, 100, 100');
const bottom = rectangleZone('bottom', '0, 100, 200, 100');
const small = { box: [10, 10, 10, 10], areaPx: 40 } as const;
const large = { box: [150, 20, 30, 30], areaPx: 500 } as const;
const decided = (rule: Partial<RegionRule> = {}, reading: Partial<RegionReading> = {}) =>
	decide({
		kind: 'regions',
		rule: {
			measure: 'largestArea',
			place: 'anywhere',
			zones: [],
			zoneShare: 0.5,
			minAreaPx: 0,
			threshold: 100,
			...rule,
		},
		reading: { subject: 'bottle', regions: [large, small], ...reading },
	});

test.each<[Partial<RegionRule>, string, string]>([
	[{}, 'anomaly', 'bottle is anomalous: the largest region has 500 px (at x 150, y 20), more than 100'],
	[
		{ threshold: 600, reviewThreshold: 400 },
		'review',
		'bottle needs review: the largest region has 500 px (at x 150, y 20), more than 400, but not more than 600',
	],
	[
		{ threshold: 500 },
		'normal',
		'bottle is normal: the largest region has 500 px (at x 150, y 20), not more than 500',
	],
	[{ measure: 'count', threshold: 1 }, 'anomaly', 'bottle is anomalous: 2 regions, more than 1'],
	[
		{ measure: 'count', threshold: 1, minAreaPx: 41 },
		'normal',
		'bottle is normal: 1 region of 41 px or more, not more than 1',
	],
	[
		{ measure: 'totalArea', threshold: 539 },
		'anomaly',
		'bottle is anomalous: the regions have 540 px together, more than 539',
	],
	[
		{ place: 'inside', zones: [left] },
		'normal',
		'bottle is normal: the largest region inside zone left has 40 px (at x 10, y 10), not more than 100',
	],
	[
		{ place: 'outside', zones: [left, bottom], threshold: 0 },
		'anomaly',
		'bottle is anomalous: the largest region outside zones left, bottom has 500 px (at x 150, y 20), more than 0',
	],
	[
		{ place: 'inside', zones: [bottom], threshold: 0 },
		'normal',
		'bottle is normal: no region inside zone bottom',
	],
])('by %j the part is for %s', (rule, route, reason) => {
	expect(decided(rule)).toEqual({ route, reason });
});

test('a region belongs to the zones as soon as the share of its box lies in them', () => {
	const region = { box: [95, 0, 10, 10], areaPx: 200 } as const;
	const inside = (zoneShare: number) =>
		decided({ place: 'inside', zones: [left], zoneShare }, { regions: [region] }).route;
	expect([inside(0.5), inside(0.51)]).toEqual(['anomaly', 'normal']);
});

test.each<[Partial<RegionRule>, Partial<RegionReading>, string]>([
	[{ threshold: NaN }, {}, 'Expected "Anomalous Above" to be a number from 0, found NaN'],
	[{ minAreaPx: -1 }, {}, 'Expected "Smallest Region" to be a number from 0, found -1'],
	[{ zoneShare: 0 }, {}, 'Expected a share above 0 and up to 1 in "Zone Overlap", found 0'],
	[{ reviewThreshold: 101 }, {}, 'Expected "Review Above" to be a number from 0 to 100, found 101'],
	[{ place: 'outside' }, {}, 'Expected a zone to tell which regions of "bottle" are outside, found none'],
	[
		{ place: 'inside', zones: [left, bottom] },
		{ size: { width: 640, height: 100 } },
		'Expected zone "bottom" to lie in the image of 640 x 100 pixels, found it outside',
	],
])('%j on %j is refused', (rule, reading, message) => {
	expect(() => decided(rule, reading)).toThrow(message);
});

test.each([
	[{ anomaly: true, review: true }, 'anomaly', 'The item is anomalous: the condition for it holds'],
	[
		{ anomaly: false, review: true, meaning: 'a scratch on the seal' },
		'review',
		'The item needs review: the condition for review holds, the one for anomalous does not (a scratch on the seal)',
	],
	[{ anomaly: false, review: false }, 'normal', 'The item is normal: neither condition holds'],
	[{ anomaly: false }, 'normal', 'The item is normal: the condition for anomalous does not hold'],
])('own conditions %j: %s', (reading, route, reason) => {
	expect(decide({ kind: 'condition', reading: { subject: 'The item', ...reading } })).toEqual({
		route,
		reason,
	});
});
