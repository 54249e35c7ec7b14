import { DinomalyError } from '../errors';
import type { Size } from '../imaging/image';
import { dependOnCategory, zonesFor, type InspectionZones } from './inspectionZones';
import { PixelArea } from './pixelArea';

/** Areas that are kept: of so many sizes and categories; the one used longest ago goes first. */
const AREAS_KEPT = 16;
/** How far the proportions of an image may be off, for sizes that were rounded when images were shrunk. */
const PROPORTION_TOLERANCE = 0.01;

/** What zones leave of images, made once for each category and size. */
export class ZoneAreas {
	private readonly areas = new Map<string, PixelArea>();

	constructor(readonly zones: InspectionZones) {}

	/**
	 * The pixels to inspect of an image; undefined when no zone is for its category, so that all of it is.
	 * @param category null when it is not known
	 * @throws CATEGORY_UNKNOWN when zones are for single categories and it is not known; ZONE_MISMATCH for other proportions than those of
	 * the image that the zones were drawn on
	 */
	of(category: string | null, size: Size): PixelArea | undefined {
		const { zones } = this;
		if (category === null) requireNoCategory(zones);
		const own = zonesFor(zones, category);
		if (own.length === 0) return undefined;
		const key = `${size.width}x${size.height} ${own.map((zone) => zones.zones.indexOf(zone)).join()}`;
		const area = this.areas.get(key) ?? PixelArea.of(own, zones.size, sameProportions(size, zones.size));
		this.areas.delete(key);
		this.areas.set(key, area);
		const [oldest] = this.areas.keys();
		if (this.areas.size > AREAS_KEPT) this.areas.delete(oldest);
		return area;
	}
}

/** @throws CATEGORY_UNKNOWN when the zones differ from category to category */
export function requireNoCategory(zones: InspectionZones): void {
	if (!dependOnCategory(zones)) return;
	const named = new Set(zones.zones.flatMap(({ category }) => category ?? []));
	throw new DinomalyError(
		'CATEGORY_UNKNOWN',
		'Expected a category, since the model has zones of its own for some categories, found none',
		{ hint: `Say what the image shows. Categories with zones: ${[...named].join(', ')}.` },
	);
}

/** What zones that do not fit an image threw; any other error is thrown on. */
export function zoneMismatch(error: unknown): DinomalyError {
	if (error instanceof DinomalyError && error.code === 'ZONE_MISMATCH') return error;
	throw error;
}

function sameProportions({ width, height }: Size, drawnOn: Size): Size {
	const ratio = (width * drawnOn.height) / (height * drawnOn.width);
	if (Math.abs(Math.log(ratio)) <= PROPORTION_TOLERANCE) return { width, height };
	throw new DinomalyError(
		'ZONE_MISMATCH',
		`Expected an image of the proportions that the model's zones were drawn on, ${drawnOn.width} x ${drawnOn.height} pixels, found ${width} x ${height}`,
		{
			hint: 'Bring all images to one shape, or calibrate the model with zones drawn on images of this one.',
		},
	);
}
