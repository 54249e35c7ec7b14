/** Which raw anomaly values the colours stand for: the same for every image of a model, so that colours compare. */
export type ColourAnchor =
	/** The threshold is the middle of the scale, which runs from 0 to twice the threshold. */
	| { readonly threshold: number }
	/** A stated fixed scale, for a model without calibration. */
	| ColourRange;

/** Raw anomaly values at the two ends of the colour scale. */
export interface ColourRange {
	readonly low: number;
	readonly high: number;
}

/** Colours in the scale; finer steps than 8-bit colours can show make no difference. */
export const SCALE_STEPS = 256;

/**
 * Dark indigo, violet, red, orange, pale yellow: lightness rises evenly, so the order survives every kind of colour
 * blindness and a gray print, and the hues stay apart from the blue-gray of metal. Position 0..1, then sRGB.
 */
const CONTROL_POINTS: readonly (readonly [number, number, number, number])[] = [
	[0, 12, 8, 46],
	[0.2, 74, 16, 112],
	[0.4, 148, 36, 110],
	[0.6, 214, 66, 70],
	[0.8, 248, 140, 36],
	[1, 252, 238, 150],
];

/** The scale's sRGB colours, dark (normal) to bright (anomalous): 3 bytes for each of `SCALE_STEPS` steps. */
export const SCALE_COLOURS: Uint8Array = interpolateColours();

/** The two ends of the scale; `high` is always above `low`. */
export function colourRange(anchor: ColourAnchor): ColourRange {
	const { low, high } = 'threshold' in anchor ? { low: 0, high: 2 * anchor.threshold } : anchor;
	// A threshold of 0 has no scale around it; everything above it then shows as the end of the scale.
	return { low, high: Math.max(high, low + Number.EPSILON * Math.max(1, Math.abs(low))) };
}

function interpolateColours(): Uint8Array {
	const colours = new Uint8Array(SCALE_STEPS * 3);
	let segment = 0;
	for (let step = 0; step < SCALE_STEPS; step++) {
		const position = step / (SCALE_STEPS - 1);
		while (position > CONTROL_POINTS[segment + 1][0]) segment++;
		const from = CONTROL_POINTS[segment];
		const to = CONTROL_POINTS[segment + 1];
		const share = (position - from[0]) / (to[0] - from[0]);
		for (let c = 0; c < 3; c++) {
			colours[step * 3 + c] = Math.round(from[c + 1] + share * (to[c + 1] - from[c + 1]));
		}
	}
	return colours;
}
