import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import type { FoundRegion, RegionReading, RegionRule } from '../../src/routing/regionRule';
import { polygonZone, rectangleZone, type Rectangle, type Zone } from '../../src/zones/shapes';
import { valueAt } from '../shared/valueAt';
import { zoneColumns } from '../shared/zones';
import { InvalidItem } from './invalidItem';
import { shownValue } from '../../src/shownValue';

const byRegions = { rule: ['regions'] };
const AREAS = { regionMeasure: ['largestArea', 'totalArea'] };
const COUNT = { regionMeasure: ['count'] };

/** What decides when the anomalous places of the image do. */
export const regionProperties: INodeProperties[] = [
	{
		displayName: 'Measure',
		name: 'regionMeasure',
		type: 'options',
		default: 'largestArea',
		description: 'The number that the limits are held against',
		options: [
			{
				name: 'Area of All Regions',
				value: 'totalArea',
				description: 'Pixels of the original image in all regions together',
			},
			{
				name: 'Area of the Largest Region',
				value: 'largestArea',
				description: 'Pixels of the original image in the largest region',
			},
			{ name: 'Number of Regions', value: 'count', description: 'How many anomalous places there are' },
		],
		displayOptions: { show: byRegions },
	},
	{
		displayName: 'Regions That Count',
		name: 'regionPlace',
		type: 'options',
		default: 'anywhere',
		options: [
			{ name: 'All', value: 'anywhere', description: 'Wherever they are in the image' },
			{
				name: 'Inside Zones',
				value: 'inside',
				description: 'Regions that lie in one of the zones below',
			},
			{
				name: 'Outside Zones',
				value: 'outside',
				description: 'Regions that lie in none of the zones below, which are ignored',
			},
		],
		displayOptions: { show: byRegions },
	},
	{
		displayName: 'Zones',
		name: 'zones',
		type: 'fixedCollection',
		typeOptions: { multipleValues: true },
		placeholder: 'Add zone',
		default: {},
		description: 'Parts of the image, in pixels of the original image counted from its upper left corner',
		options: [
			{
				displayName: 'Zone',
				name: 'rows',
				values: [
					{ ...zoneColumns.name, description: 'What the reason calls it' },
					{
						displayName: 'Shape',
						name: 'shape',
						type: 'options',
						default: 'rectangle',
						options: [
							{ name: 'Polygon', value: 'polygon' },
							{ name: 'Rectangle', value: 'rectangle' },
						],
					},
					zoneColumns.rectangle,
					zoneColumns.corners,
					zoneColumns.category,
				],
			},
		],
		displayOptions: { show: { ...byRegions, regionPlace: ['inside', 'outside'] } },
	},
	{
		displayName: 'Anomalous Above (Pixels)',
		name: 'regionAreaThreshold',
		type: 'number',
		typeOptions: { minValue: 0 },
		default: 100,
		description: 'A larger area is anomalous',
		displayOptions: { show: { ...byRegions, ...AREAS } },
	},
	{
		displayName: 'Anomalous Above (Regions)',
		name: 'regionCountThreshold',
		type: 'number',
		typeOptions: { minValue: 0, numberPrecision: 0 },
		default: 1,
		description: 'More regions are anomalous; with 0 a single one is',
		displayOptions: { show: { ...byRegions, ...COUNT } },
	},
];

/** Where review begins; they come after the switch for the review band. */
export const regionReviewProperties: INodeProperties[] = [
	{
		displayName: 'Review Above (Pixels)',
		name: 'regionAreaReview',
		type: 'number',
		typeOptions: { minValue: 0 },
		default: 25,
		description: 'A larger area that is not anomalous yet goes to review',
		displayOptions: { show: { ...byRegions, ...AREAS, reviewBand: [true] } },
	},
	{
		displayName: 'Review Above (Regions)',
		name: 'regionCountReview',
		type: 'number',
		typeOptions: { minValue: 0, numberPrecision: 0 },
		default: 0,
		description: 'More regions, but not so many that they are anomalous, go to review',
		displayOptions: { show: { ...byRegions, ...COUNT, reviewBand: [true] } },
	},
];

/** What a row of the zones' table holds. */
interface ZoneRow {
	readonly name?: string;
	readonly shape?: 'rectangle' | 'polygon';
	readonly rectangle?: string;
	readonly corners?: string;
	readonly category?: string;
}

/** The region rule for an item of a category; throws CONFIG_INVALID for what is no zone. */
export function readRegionRule(
	context: IExecuteFunctions,
	index: number,
	{ category, hasReview }: { readonly category: string | undefined; readonly hasReview: boolean },
): RegionRule {
	const read = (name: string, fallback: unknown): unknown =>
		context.getNodeParameter(name, index, fallback);
	const measure = read('regionMeasure', 'largestArea') as RegionRule['measure'];
	const kind = measure === 'count' ? 'Count' : 'Area';
	const place = read('regionPlace', 'anywhere') as RegionRule['place'];
	const rows = place === 'anywhere' ? [] : (read('zones.rows', []) as ZoneRow[]);
	const isMeant = (row: ZoneRow): boolean => {
		const only = (row.category ?? '').trim();
		return only === '' || only === category;
	};
	return {
		measure,
		place,
		zones: rows
			.map((row, i) => ({ row, zone: toZone(row, i) }))
			.filter(({ row }) => isMeant(row))
			.map(({ zone }) => zone),
		zoneShare: Number(read('options.zoneOverlap', 0.5)),
		minAreaPx: Number(read('options.smallestRegion', 0)),
		threshold: Number(read(`region${kind}Threshold`, 0)),
		...(hasReview && { reviewThreshold: Number(read(`region${kind}Review`, 0)) }),
	};
}

/** The regions of item `index` as Score Image gives them; throws InvalidItem when it has none to tell of. */
export function readRegions(
	context: IExecuteFunctions,
	index: number,
): Pick<RegionReading, 'regions' | 'size'> {
	const { json } = context.getInputData()[index];
	const field = context.getNodeParameter('options.regionsField', index, 'regions') as string;
	const value = valueAt(json, field);
	const regions = Array.isArray(value) ? value.map(toRegion) : undefined;
	if (regions === undefined || regions.includes(undefined)) {
		if (value === undefined && typeof json.error === 'string')
			throw new InvalidItem({ message: json.error });
		const found = value === undefined ? 'no such field' : shownValue(value);
		throw new InvalidItem({
			message: `Expected a list of regions in field "${field}", found ${found}`,
			hint: 'Put Score Image before this node: each region has a box [x, y, width, height] and its areaPx.',
		});
	}
	const { width, height } = json;
	return {
		regions: regions.filter((region) => region !== undefined),
		...(isLength(width) && isLength(height) && { size: { width, height } }),
	};
}

function toZone({ name = '', shape = 'rectangle', rectangle = '', corners = '' }: ZoneRow, i: number): Zone {
	const called = name.trim() === '' ? String(i + 1) : name.trim();
	return shape === 'polygon' ? polygonZone(called, corners) : rectangleZone(called, rectangle);
}

function toRegion(value: unknown): FoundRegion | undefined {
	if (typeof value !== 'object' || value === null) return undefined;
	const { box, areaPx } = value as { readonly box?: unknown; readonly areaPx?: unknown };
	if (!Array.isArray(box) || box.length !== 4 || !box.every(Number.isFinite)) return undefined;
	const [x, y, width, height] = box as unknown as Rectangle;
	const area = typeof areaPx === 'number' && Number.isFinite(areaPx) ? areaPx : width * height;
	return { box: [x, y, width, height], areaPx: area };
}

function isLength(value: unknown): value is number {
	return typeof value === 'number' && value > 0;
}
