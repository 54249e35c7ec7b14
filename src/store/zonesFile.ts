import { join } from 'node:path';
import {
	ZONE_USES,
	type InspectionZone,
	type InspectionZones,
	type ZoneShape,
} from '../zones/inspectionZones';
import type { Point } from '../zones/shapes';
import type { ModelCard } from './card';
import { checkSchema, readJson, type JsonFields } from './jsonFields';

/** Where a version of a model looks; it has none when it looks everywhere. */
export const ZONES_FILE = 'zones.json';

const SCHEMA_VERSION = 1;
/** Masks of a million stretches have some 6 MB. */
const MAX_ZONES_BYTES = 64 << 20;
/** Each row of a mask takes memory; the longest pictures of line cameras have fewer. */
const MAX_SIDE_PX = 1_000_000;
/** As many as the decoder takes. */
const MAX_PIXELS = 100_000_000;
/** A person draws fewer. */
const MAX_ZONES = 1000;
const MAX_CORNERS = 1000;
/** Far outside of any image, and of what people may ask for; larger ones overflow when they are computed with. */
const MAX_COORDINATE_PX = 1e10;

/** The content of `zones.json`. */
export function zonesDocument({ size, zones }: InspectionZones): object {
	return {
		schemaVersion: SCHEMA_VERSION,
		size: { width: size.width, height: size.height },
		zones: zones.map(({ shape, ...zone }) => ({
			...zone,
			shape: shape.kind === 'polygon' ? { ...shape, corners: shape.corners.flat() } : shape,
		})),
	};
}

/** Reads the zones of a model folder; undefined when its card names none. Throws MODEL_INVALID. */
export async function readZones(
	folder: string,
	{ files }: Pick<ModelCard, 'files'>,
): Promise<InspectionZones | undefined> {
	if (!Object.hasOwn(files, ZONES_FILE)) return undefined;
	const path = join(folder, ZONES_FILE);
	const fields = await readJson(path, MAX_ZONES_BYTES);
	checkSchema(fields, SCHEMA_VERSION, path);
	const size = fields.object('size');
	const extent = { min: 1, max: MAX_SIDE_PX };
	const drawnOn = { width: size.count('width', extent), height: size.count('height', extent) };
	if (drawnOn.width * drawnOn.height > MAX_PIXELS)
		throw fields.unexpected('size', `that of an image of at most ${MAX_PIXELS} pixels`);
	const zones = fields.objects('zones').map((zone) => readZone(zone, drawnOn.width * drawnOn.height));
	if (zones.length === 0 || zones.length > MAX_ZONES)
		throw fields.unexpected('zones', `a list of one zone at least and ${MAX_ZONES} at most`);
	return { size: drawnOn, zones };
}

function readZone(fields: JsonFields, pixels: number): InspectionZone {
	return {
		name: fields.text('name'),
		use: fields.oneOf('use', ZONE_USES),
		...(fields.has('category') && { category: fields.name('category', 'category') }),
		shape: readShape(fields.object('shape'), pixels),
	};
}

function readShape(fields: JsonFields, pixels: number): ZoneShape {
	const kind = fields.oneOf('kind', ['polygon', 'mask'] as const);
	if (kind === 'mask') {
		const runs = fields.numbers('runs');
		const whole = runs.every((length) => Number.isSafeInteger(length) && length >= 0);
		if (!whole || runs.reduce((sum, length) => sum + length, 0) !== pixels)
			throw fields.unexpected('runs', `whole numbers that add up to ${pixels}`);
		return { kind, runs };
	}
	const numbers = fields.numbers('corners');
	if (numbers.length < 6 || numbers.length > 2 * MAX_CORNERS || numbers.length % 2 === 1)
		throw fields.unexpected(
			'corners',
			`the coordinates of three corners at least and ${MAX_CORNERS} at most`,
		);
	if (numbers.some((number) => Math.abs(number) > MAX_COORDINATE_PX))
		throw fields.unexpected('corners', `coordinates up to ${MAX_COORDINATE_PX} pixels`);
	const corners = Array.from({ length: numbers.length / 2 }, (_, i): Point => [
		numbers[2 * i],
		numbers[2 * i + 1],
	]);
	return { kind, corners };
}
