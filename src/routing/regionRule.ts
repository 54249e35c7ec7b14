import { DinomalyError } from '../errors';
import { boxAround, shareInZones, type Rectangle, type Zone } from '../zones/shapes';
import type { Decision, Route } from './decision';

/** What a person demands of the anomalous places of an image. */
export interface RegionRule {
	/** The number that limits are held against: the area of the largest region or of all, in original pixels, or how many there are. */
	readonly measure: 'largestArea' | 'totalArea' | 'count';
	/** Which regions count. */
	readonly place: 'anywhere' | 'inside' | 'outside';
	/** Zones that `place` speaks of. */
	readonly zones: readonly Zone[];
	/** Share of a region's box, in (0, 1], that must lie in zones for the region to be inside. */
	readonly zoneShare: number;
	/** Smaller regions do not count. */
	readonly minAreaPx: number;
	/** More is anomalous. */
	readonly threshold: number;
	/** More, but not more than `threshold`, goes to review; without it nothing does. */
	readonly reviewThreshold?: number;
}

export interface FoundRegion {
	readonly box: Rectangle;
	readonly areaPx: number;
}

export interface RegionReading {
	/** What is judged, as it begins a sentence: a category, or "The image". */
	readonly subject: string;
	readonly regions: readonly FoundRegion[];
	/** Size of the image in pixels, when it is known: a zone beyond it would never see anything. */
	readonly size?: { readonly width: number; readonly height: number };
}

/** Decides by the regions of an image. Throws CONFIG_INVALID for limits in the wrong order and for zones that are missing or off the image. */
export function decideByRegions(reading: RegionReading, rule: RegionRule): Decision {
	checkRule(rule);
	checkZones(reading, rule);
	const counted = reading.regions.filter((region) => counts(region, rule));
	const value = measured(counted, rule);
	const { threshold, reviewThreshold } = rule;
	const more = `more than ${threshold}`;
	if (value > threshold) return told('anomaly', more);
	if (reviewThreshold !== undefined && value > reviewThreshold)
		return told('review', `more than ${reviewThreshold}, but not ${more}`);
	return told('normal', `not more than ${reviewThreshold ?? threshold}`);

	function told(route: Route, against: string): Decision {
		const found = inWords(counted, value, rule);
		const compared = counted.length === 0 ? '' : `, ${against}`;
		return { route, reason: `${reading.subject} ${SAID[route]}: ${found}${compared}` };
	}
}

const SAID: Readonly<Record<Route, string>> = {
	anomaly: 'is anomalous',
	review: 'needs review',
	normal: 'is normal',
};

function counts({ box, areaPx }: FoundRegion, { place, zones, zoneShare, minAreaPx }: RegionRule): boolean {
	if (areaPx < minAreaPx) return false;
	if (place === 'anywhere') return true;
	const isInside = shareInZones(box, zones) >= zoneShare;
	return isInside === (place === 'inside');
}

function measured(regions: readonly FoundRegion[], { measure }: RegionRule): number {
	const areas = regions.map(({ areaPx }) => areaPx);
	switch (measure) {
		case 'largestArea':
			return Math.max(0, ...areas);
		case 'totalArea':
			return areas.reduce((sum, area) => sum + area, 0);
		case 'count':
			return regions.length;
	}
}

function inWords(regions: readonly FoundRegion[], value: number, rule: RegionRule): string {
	const where = whereInWords(rule);
	if (regions.length === 0) return `no region${where}`;
	switch (rule.measure) {
		case 'largestArea': {
			const { box } = regions.find(({ areaPx }) => areaPx === value) ?? regions[0];
			return `the largest region${where} has ${value} px (at x ${box[0]}, y ${box[1]})`;
		}
		case 'totalArea':
			return `the regions${where} have ${value} px together`;
		case 'count':
			return `${value} region${value === 1 ? '' : 's'}${where}`;
	}
}

function whereInWords({ place, zones, minAreaPx }: RegionRule): string {
	const size = minAreaPx > 0 ? ` of ${minAreaPx} px or more` : '';
	if (place === 'anywhere') return size;
	const names = [...new Set(zones.map(({ name }) => name))];
	const zone = names.length === 1 ? `zone ${names[0]}` : `zones ${names.join(', ')}`;
	return `${size} ${place} ${zone}`;
}

function checkRule({ threshold, reviewThreshold, zoneShare, minAreaPx }: RegionRule): void {
	for (const [field, value] of Object.entries({ threshold, minAreaPx })) {
		if (Number.isFinite(value) && value >= 0) continue;
		const name = field === 'threshold' ? 'Anomalous Above' : 'Smallest Region';
		throw invalid(`Expected "${name}" to be a number from 0, found ${value}`, 'Correct the number.');
	}
	if (!(zoneShare > 0 && zoneShare <= 1))
		throw invalid(
			`Expected a share above 0 and up to 1 in "Zone Overlap", found ${zoneShare}`,
			'A share of 0.5 means that half of a region must lie in zones.',
		);
	if (reviewThreshold === undefined || (reviewThreshold >= 0 && reviewThreshold <= threshold)) return;
	throw invalid(
		`Expected "Review Above" to be a number from 0 to ${threshold}, found ${reviewThreshold}`,
		'Review takes what is less than anomalous, so it begins at or below Anomalous Above.',
	);
}

function checkZones({ subject, size }: RegionReading, { place, zones }: RegionRule): void {
	if (place === 'anywhere') return;
	if (zones.length === 0)
		throw invalid(
			`Expected a zone to tell which regions of "${subject}" are ${place}, found none`,
			'Add a zone, without a category when it is for all, or let regions count anywhere.',
		);
	if (size === undefined) return;
	const image: Rectangle = [0, 0, size.width, size.height];
	const lost = zones.find((zone) => !meet(boxAround(zone), image));
	if (lost === undefined) return;
	throw invalid(
		`Expected zone "${lost.name}" to lie in the image of ${size.width} x ${size.height} pixels, found it outside`,
		'Zones are in pixels of the original image: draw it for images of this size, or bring the images to one size.',
	);
}

function meet([x, y, width, height]: Rectangle, [left, top, columns, rows]: Rectangle): boolean {
	return x < left + columns && left < x + width && y < top + rows && top < y + height;
}

function invalid(message: string, hint: string): DinomalyError {
	return new DinomalyError('CONFIG_INVALID', message, { hint });
}
