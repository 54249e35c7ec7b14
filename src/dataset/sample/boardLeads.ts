import { type PartKind, SHAPES } from './boardParts';
import { clamp, coverage, smoothstep } from './shapes';

export const LEAD_PITCH = 5;

export const LEAD_LENGTH = 7.5;

/** Farthest that leads stick out of a body. */
export const LEADS = 9;

const LEAD_HALF_WIDTH = 1.25;

/** Sides with leads, as quarter turns from the right. */
export function leadRows(kind: PartKind): readonly number[] {
	if (kind === 'processor') return [0, 1, 2, 3];
	return kind === 'chip' ? [0, 2] : [];
}

/** Number of leads on each side that has any. */
export function leadCount(kind: PartKind): number {
	return kind === 'processor' ? 13 : 7;
}

/** The place along a side of lead `index`, from the side's middle. */
export function leadPlace(kind: PartKind, index: number): number {
	return (index - (leadCount(kind) - 1) / 2) * LEAD_PITCH;
}

/** Coordinates of a side with leads: `out` from the body's edge, `along` the edge from its middle. */
export function besideBody(
	kind: PartKind,
	side: number,
	x: number,
	y: number,
): { out: number; along: number } {
	const { halfWidth, halfHeight } = SHAPES[kind];
	if (side === 0) return { out: x - halfWidth, along: y };
	if (side === 1) return { out: y - halfHeight, along: -x };
	return side === 2 ? { out: -x - halfWidth, along: -y } : { out: -y - halfHeight, along: x };
}

export function leadAt(
	kind: PartKind,
	side: number,
	x: number,
	y: number,
): { out: number; across: number; opacity: number } | null {
	const { out, along } = besideBody(kind, side, x, y);
	if (out < -1 || out > LEAD_LENGTH + 1) return null;
	const index = clamp(Math.round(along / LEAD_PITCH + (leadCount(kind) - 1) / 2), 0, leadCount(kind) - 1);
	const across = along - leadPlace(kind, index);
	const foot = 0.35 * smoothstep(4, 5, out);
	const opacity = coverage(Math.abs(across) - LEAD_HALF_WIDTH - foot) * coverage(out - LEAD_LENGTH);
	return opacity === 0 ? null : { out, across, opacity };
}
