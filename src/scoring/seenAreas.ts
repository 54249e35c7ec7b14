import type { Size } from '../imaging/image';
import type { InspectionZones } from '../zones/inspectionZones';
import type { PixelArea } from '../zones/pixelArea';
import { ZoneAreas } from '../zones/zoneAreas';
import { SeenArea, type SeenAreaOptions } from './seenArea';

/** What a model with zones inspects, made once for each category and size of image. */
export class SeenAreas {
	readonly zoneAreas: ZoneAreas;
	private readonly seen = new WeakMap<PixelArea, SeenArea>();

	constructor(
		readonly zones: InspectionZones,
		private readonly options: SeenAreaOptions,
	) {
		this.zoneAreas = new ZoneAreas(zones);
	}

	/** Undefined when no zone is for the category. @throws as `ZoneAreas.of` */
	of(category: string | null, size: Size): SeenArea | undefined {
		const area = this.zoneAreas.of(category, size);
		if (area === undefined) return undefined;
		const seen = this.seen.get(area) ?? new SeenArea(area, this.options);
		this.seen.set(area, seen);
		return seen;
	}
}
