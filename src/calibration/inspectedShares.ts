import type { SeenAreas } from '../scoring/seenAreas';
import { nothingLeft } from '../zones/checkZones';
import { zonesFor } from '../zones/inspectionZones';

/** Zones may leave pixels and yet no patch of the encoder: told before any image is read. */
export function requireSeen(areas: SeenAreas, categories: readonly string[]): void {
	const { zones } = areas;
	for (const category of categories)
		if (areas.of(category, zones.size)?.share === 0)
			throw nothingLeft(category, 'found parts smaller than a patch of the encoder');
}

/** How much of an image is inspected, category by category, as notices. */
export function shareNotices(areas: SeenAreas, categories: readonly string[]): string[] {
	const { zones } = areas;
	const { width, height } = zones.size;
	return categories.flatMap((category) => {
		if (zonesFor(zones, category).length === 0) return [];
		const seen = areas.of(category, zones.size);
		if (seen === undefined) return [];
		const left = seen.area.count / (width * height);
		const rest =
			percent(seen.share) === percent(left)
				? ''
				: ', and the rest lies outside of the crop or in patches of the encoder that hold more of what is left out';
		return [
			`${category}: ${percent(seen.share)} of an image are inspected; the zones leave ${percent(left)}${rest}`,
		];
	});
}

function percent(share: number): string {
	return `${(100 * share).toFixed(1)} %`;
}
