import type { Size } from '../../src/imaging/image';
import type { InspectionZone, InspectionZones } from '../../src/zones/inspectionZones';
import type { Point } from '../../src/zones/shapes';

/** A zone as a test draws it: masks are pictures here, 1 where the zone is. */
export interface DrawnZone {
	readonly use: InspectionZone['use'];
	readonly category?: string;
	readonly corners?: readonly Point[];
	readonly picture?: readonly number[];
}

export interface Drawing {
	readonly size: Size;
	readonly zones: readonly DrawnZone[];
}

export function zonesOf({ size, zones }: Drawing): InspectionZones {
	return {
		size,
		zones: zones.map(({ use, category, corners, picture = [] }, i) => ({
			name: String(i + 1),
			use,
			...(category !== undefined && { category }),
			shape: corners ? { kind: 'polygon', corners } : { kind: 'mask', runs: runsOf(picture) },
		})),
	};
}

/** Whether each pixel is inspected, one pixel and one zone at a time; undefined where its centre lies on an edge, which is either. */
export function inspectedOneByOne({ size: drawnOn, zones }: Drawing, size: Size): (boolean | undefined)[] {
	return Array.from({ length: size.width * size.height }, (_, i) => {
		const x = (((i % size.width) + 0.5) * drawnOn.width) / size.width;
		const y = ((Math.floor(i / size.width) + 0.5) * drawnOn.height) / size.height;
		const inside = (zone: DrawnZone): boolean | undefined =>
			zone.corners
				? isInside([x, y], zone.corners)
				: zone.picture![Math.floor(y) * drawnOn.width + Math.floor(x)] === 1;
		const wanted = zones.filter(({ use }) => use === 'inspect').map(inside);
		const ignored = zones.filter(({ use }) => use === 'ignore').map(inside);
		if ([...wanted, ...ignored].includes(undefined)) return undefined;
		return (wanted.length === 0 || wanted.includes(true)) && !ignored.includes(true);
	});
}

function runsOf(picture: readonly number[]): number[] {
	const text = picture.join('');
	const runs = (text.match(/0+|1+/g) ?? []).map((run) => run.length);
	return text.startsWith('1') ? [0, ...runs] : runs;
}

/** By the angle that the polygon turns around the point; even-odd, as loops may be crossed. */
function isInside([px, py]: Point, corners: readonly Point[]): boolean | undefined {
	let turned = 0;
	for (let i = 0; i < corners.length; i++) {
		const [ax, ay] = corners[i];
		const [bx, by] = corners[(i + 1) % corners.length];
		const cross = (ax - px) * (by - py) - (ay - py) * (bx - px);
		const dot = (ax - px) * (bx - px) + (ay - py) * (by - py);
		if (Math.abs(cross) < 1e-9 && dot <= 1e-9) return undefined;
		turned += Math.atan2(cross, dot);
	}
	return Math.abs(Math.round(turned / (2 * Math.PI))) % 2 === 1;
}
