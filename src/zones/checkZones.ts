import { DinomalyError } from '../errors';
import { shownName } from '../shownValue';
import type { Size } from '../imaging/image';
import type { InspectionZones } from './inspectionZones';
import { PixelArea } from './pixelArea';
import { boxAround, type Point } from './shapes';
import { ZoneAreas } from './zoneAreas';

/** More zones than this were not drawn by a person. */
const MAX_ZONES = 1000;

/**
 * Checks zones against the categories of a model.
 * @throws CONFIG_INVALID when there are none, one lies outside of the image or all together leave nothing to inspect; CATEGORY_UNKNOWN
 */
export function checkZones(zones: InspectionZones, categories: readonly string[]): void {
	const { width, height } = zones.size;
	if (zones.zones.length === 0 || zones.zones.length > MAX_ZONES)
		throw invalid(
			`Expected 1 to ${MAX_ZONES} zones, found ${zones.zones.length}`,
			'A model without zones inspects the whole image.',
		);
	for (const zone of zones.zones) {
		const { name, category, shape } = zone;
		if (category !== undefined && !categories.includes(category))
			throw new DinomalyError(
				'CATEGORY_UNKNOWN',
				`Expected zone "${name}" to be for a category of the model, found "${shownName(category)}"`,
				{ hint: `Categories: ${categories.join(', ')}. Without a category a zone is for all.` },
			);
		if (PixelArea.of([{ ...zone, use: 'inspect' }], zones.size, zones.size).count > 0) continue;
		if (shape.kind === 'mask')
			throw invalid(
				`Expected the mask of zone "${name}" to be white where the zone is, found it black all over`,
				'Paint the zone white, and everything else black.',
			);
		throw invalid(
			`Expected zone "${name}" to hold pixels of the image of ${width} x ${height} pixels, found ${isOutside(shape.corners, zones.size) ? 'it outside' : 'none in it'}`,
			'Zones are in pixels of the original image, counted from its upper left corner: correct the zone, or the size of the image that it was drawn on.',
		);
	}
	const areas = new ZoneAreas(zones);
	for (const category of categories)
		if (areas.of(category, zones.size)?.count === 0)
			throw nothingLeft(category, 'found that they cover it');
}

/** @param found what there is instead, such as "found that they cover it" */
export function nothingLeft(category: string, found: string): DinomalyError {
	return invalid(
		`Expected the zones to leave a part of the image of category "${category}" to inspect, ${found}`,
		'A zone to ignore takes its part away, and with zones to inspect only what lies in one of them is left: draw them smaller, or larger.',
	);
}

function isOutside(corners: readonly Point[], { width, height }: Size): boolean {
	const [left, top, columns, rows] = boxAround({ name: '', corners });
	return left >= width || top >= height || left + columns <= 0 || top + rows <= 0;
}

function invalid(message: string, hint: string): DinomalyError {
	return new DinomalyError('CONFIG_INVALID', message, { hint });
}
