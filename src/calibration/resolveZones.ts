import { DinomalyError } from '../errors';
import type { Size } from '../imaging/image';
import { decodeMask } from '../runtime/images';
import { checkZones } from '../zones/checkZones';
import type { InspectionZone, InspectionZones, ZoneShape } from '../zones/inspectionZones';
import { runsOfMask } from '../zones/maskRuns';
import type { RequestedZone, ZonesRequest } from '../zones/zonesRequest';

/**
 * Reads the masks of zones and checks all of them.
 *
 * @param categories those that the zones may be for
 * @throws CONFIG_INVALID, CATEGORY_UNKNOWN, MASK_MISMATCH for a mask of another size, or what decoding a mask throws
 */
export async function resolveZones(
	{ size, zones }: ZonesRequest,
	categories: readonly string[],
): Promise<InspectionZones> {
	const read: InspectionZone[] = [];
	let drawnOn = size;
	for (const { shape, ...zone } of zones) {
		if (shape.kind === 'polygon') {
			read.push({ ...zone, shape });
			continue;
		}
		const mask = await readMask({ ...zone, shape }, drawnOn);
		drawnOn = mask.size;
		read.push({ ...zone, shape: mask.shape });
	}
	if (drawnOn === undefined)
		throw new DinomalyError(
			'CONFIG_INVALID',
			'Expected the size of the image that the zones were drawn on, found none',
			{ hint: 'Give the width and height in pixels of one of your images, such as 640x480.' },
		);
	const resolved = { size: drawnOn, zones: read };
	checkZones(resolved, categories);
	return resolved;
}

async function readMask(
	{ name, shape }: Omit<RequestedZone, 'shape'> & { readonly shape: { readonly file: string } },
	expected: Size | undefined,
): Promise<{ readonly size: Size; readonly shape: ZoneShape }> {
	const mask = await decodeMask(shape.file, { name: `the mask of zone "${name}"` });
	const { width, height } = mask;
	if (expected !== undefined && (expected.width !== width || expected.height !== height))
		throw new DinomalyError(
			'MASK_MISMATCH',
			`Expected the mask of zone "${name}" to have the size of the image that zones are drawn on, ${expected.width} x ${expected.height} pixels, found ${width} x ${height}`,
			{ hint: 'Draw the mask over one of the images and save it at its size.' },
		);
	return { size: { width, height }, shape: { kind: 'mask', runs: runsOfMask(mask) } };
}
