import type { Size } from '../imaging/image';
import type { Point } from './shapes';

/** `inspect`: only what lies in such a zone is inspected. `ignore`: what lies in one is not. */
export const ZONE_USES = ['inspect', 'ignore'] as const;
export type ZoneUse = (typeof ZONE_USES)[number];

export type ZoneShape =
	/** Corners in order; sides may cross, then what lies in an odd number of loops belongs to the zone. */
	| { readonly kind: 'polygon'; readonly corners: readonly Point[] }
	/** Row after row how many pixels lie outside and inside of the zone, by turns, beginning with outside. */
	| { readonly kind: 'mask'; readonly runs: readonly number[] };

/** A marked part of the image, and what it is marked for. */
export interface InspectionZone {
	readonly name: string;
	readonly use: ZoneUse;
	/** Category that it is for; all when absent. */
	readonly category?: string;
	readonly shape: ZoneShape;
}

/** Where a model looks: its thresholds hold for this area alone. */
export interface InspectionZones {
	/** Size in pixels of the images that the zones were drawn on; masks have it too. */
	readonly size: Size;
	/** At least one. */
	readonly zones: readonly InspectionZone[];
}

/** The zones that count for images of a category; null: of whatever category. */
export function zonesFor({ zones }: InspectionZones, category: string | null): InspectionZone[] {
	return zones.filter((zone) => zone.category === undefined || zone.category === category);
}

/** Whether an image can be inspected only once its category is known. */
export function dependOnCategory({ zones }: InspectionZones): boolean {
	return zones.some(({ category }) => category !== undefined);
}

/** "ignores label; inspects only seal (bottle), on images of 640 x 480 pixels" */
export function describeZones({ size, zones }: InspectionZones): string {
	const named = (use: ZoneUse): string[] =>
		zones
			.filter((zone) => zone.use === use)
			.map(({ name, category }) => (category === undefined ? name : `${name} (${category})`));
	const [inspected, ignored] = [named('inspect'), named('ignore')];
	const parts = [
		...(inspected.length > 0 ? [`inspects only ${inspected.join(', ')}`] : []),
		...(ignored.length > 0 ? [`ignores ${ignored.join(', ')}`] : []),
	];
	return `${parts.join('; ')}, on images of ${size.width} x ${size.height} pixels`;
}
