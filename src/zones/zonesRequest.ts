import { DinomalyError } from '../errors';
import { shownName, shownValue } from '../shownValue';
import type { Size } from '../imaging/image';
import { ZONE_USES, type InspectionZone, type ZoneShape, type ZoneUse } from './inspectionZones';
import { polygonZone, rectangleZone } from './shapes';

/** A zone as somebody asks for it: a mask is still a file. */
export interface RequestedZone extends Omit<InspectionZone, 'shape'> {
	readonly shape:
		Extract<ZoneShape, { kind: 'polygon' }> | { readonly kind: 'maskFile'; readonly file: string };
}

export interface ZonesRequest {
	/** Size in pixels of the image that the zones were drawn on; that of the masks when absent. */
	readonly size?: Size;
	readonly zones: readonly RequestedZone[];
}

/** A zone in the words of a table: one of the three shapes. */
export interface ZoneRow {
	readonly name: string;
	/** `inspect` or `ignore`. */
	readonly use: unknown;
	/** Empty or `*`: all. */
	readonly category?: string;
	/** "x, y, width, height" */
	readonly rectangle?: string;
	/** "x,y x,y x,y" */
	readonly polygon?: string;
	/** Path of an image that is white where the zone is. */
	readonly mask?: string;
}

/** Stands for all categories. */
const EVERY = '*';
/** Names are for people to read. */
const MAX_NAME = 100;
const SHAPES = ['rectangle', 'polygon', 'mask'] as const;
const FIELDS: readonly string[] = ['name', 'use', 'category', ...SHAPES];

/** Reads one zone; throws CONFIG_INVALID. */
export function requestedZone(row: ZoneRow): RequestedZone {
	const { name, use, category = '', rectangle, polygon, mask } = row;
	const said = shownName(name, MAX_NAME);
	const given = SHAPES.filter((shape) => row[shape] !== undefined);
	if (given.length !== 1)
		throw invalid(
			`Expected zone "${said}" to have one shape, a rectangle, a polygon or a mask, found ${given.length === 0 ? 'none' : given.join(' and ')}`,
			'A rectangle is "120, 80, 200, 150" (x, y, width, height), a polygon "10,10 200,20 120,180", a mask the path of an image.',
		);
	const zone = {
		name: name.slice(0, MAX_NAME),
		use: readUse(said, use),
		...(category !== '' && category !== EVERY && { category }),
	};
	if (rectangle !== undefined)
		return { ...zone, shape: { kind: 'polygon', corners: rectangleZone(said, rectangle).corners } };
	if (polygon !== undefined)
		return { ...zone, shape: { kind: 'polygon', corners: polygonZone(said, polygon).corners } };
	return { ...zone, shape: { kind: 'maskFile', file: mask ?? '' } };
}

/** A size from a text such as "640x480"; throws CONFIG_INVALID. */
export function imageSizeOf(text: string): Size {
	const match = /^\s*(\d{1,6})\s*[x×*,\s]\s*(\d{1,6})\s*$/i.exec(text);
	const [width, height] = match === null ? [0, 0] : [Number(match[1]), Number(match[2])];
	if (width > 0 && height > 0) return { width, height };
	throw invalid(
		`Expected the size of the image that zones were drawn on as width x height, such as 640x480, found ${shown(text.trim() === '' ? undefined : text)}`,
		'Take the size in pixels of one of your images.',
	);
}

/**
 * Reads the content of a zones file: `{ "imageSize": "640x480", "zones": [{ "name", "use", "category", and "rectangle", "polygon" or "mask" }] }`.
 * Shapes are texts, or lists of numbers.
 *
 * @param resolve makes a path of what the file names
 * @throws CONFIG_INVALID
 */
export function parseZones(content: unknown, resolve: (file: string) => string): ZonesRequest {
	const { imageSize, zones } = objectOf(content, 'the zones file', ['imageSize', 'zones']);
	if (!Array.isArray(zones))
		throw invalid(
			`Expected "zones" of the zones file to be a list, found ${shown(zones)}`,
			'Each zone has a name, a use (inspect or ignore) and a rectangle, a polygon or a mask.',
		);
	return {
		...(imageSize !== undefined && { size: imageSizeOf(textOf(imageSize).replace(/[[\]]/g, '')) }),
		zones: zones.map((zone, i) => zoneOf(zone, String(i + 1), resolve)),
	};
}

function zoneOf(value: unknown, number: string, resolve: (file: string) => string): RequestedZone {
	const fields = objectOf(value, `zone ${number}`, FIELDS);
	const text = (key: string): string | undefined =>
		fields[key] === undefined ? undefined : textOf(fields[key]).trim();
	const name = text('name') ?? '';
	const category = text('category') ?? '';
	const mask = text('mask');
	return requestedZone({
		name: name === '' ? number : name,
		use: fields.use,
		category,
		rectangle: text('rectangle'),
		polygon: text('polygon'),
		mask: mask === undefined ? undefined : resolve(mask),
	});
}

function readUse(name: string, use: unknown): ZoneUse {
	const found = ZONE_USES.find((one) => one === use);
	if (found !== undefined) return found;
	throw invalid(
		`Expected the use of zone "${name}" to be ${ZONE_USES.map((one) => `"${one}"`).join(' or ')}, found ${shown(use)}`,
		'With "inspect" only what lies in such a zone is inspected; what lies in a zone to "ignore" never is.',
	);
}

function objectOf(value: unknown, what: string, known: readonly string[]): Readonly<Record<string, unknown>> {
	if (typeof value !== 'object' || value === null || Array.isArray(value))
		throw invalid(
			`Expected ${what} to be an object, found ${shown(value)}`,
			'docs/zones.md shows a zones file.',
		);
	const unknown = Object.keys(value).find((key) => !known.includes(key));
	if (unknown === undefined) return value as Record<string, unknown>;
	throw invalid(
		`Expected ${what} to have ${known.join(', ')}, found "${shownName(unknown)}"`,
		'Correct the name.',
	);
}

/** Lists of numbers read like the texts that they are written as. */
function textOf(value: unknown): string {
	if (typeof value === 'string') return value;
	try {
		return JSON.stringify(value);
	} catch {
		// Nested too deep, or in a circle.
		throw invalid(
			`Expected texts or lists of numbers in the zones file, found ${shown(value)}`,
			'docs/zones.md shows a zones file.',
		);
	}
}

function shown(value: unknown): string {
	return shownValue(value);
}

function invalid(message: string, hint: string): DinomalyError {
	return new DinomalyError('CONFIG_INVALID', message, { hint });
}
