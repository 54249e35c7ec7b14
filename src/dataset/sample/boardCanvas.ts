import { blendPixel, type Picture, type Rgb, scalePixel } from './picture';
import { DESIGN_SIDE } from './product';

/** A place on the board, in pixels at the design side from its middle, turned by `angle` (radians). */
export interface Placement {
	readonly x: number;
	readonly y: number;
	readonly angle: number;
}

export const MIDDLE: Placement = { x: 0, y: 0, angle: 0 };
/** More than half the diagonal of the picture. */
export const EVERYWHERE = 260;

/** What a painter leaves on one pixel. */
export interface Brush {
	/** Linear light. */
	readonly color: [number, number, number];
	/** Share of the pixel that is covered, in [0, 1]. */
	opacity: number;
}

/**
 * A picture with the board lying in it: paints in the board's coordinates, whatever the pose of the board.
 * Shapes are painted one over the other, each within its own bounding box.
 */
export class BoardCanvas {
	readonly picture: Picture;
	private readonly pose: Placement;
	private readonly scale: number;
	private readonly brush: Brush = { color: [0, 0, 0], opacity: 0 };

	/** @param pose where the board's middle lies, in pixels at the design side from the picture's middle */
	constructor(picture: Picture, pose: Placement) {
		this.picture = picture;
		this.pose = pose;
		this.scale = picture.side / DESIGN_SIDE;
	}

	/** Calls `paint` with coordinates relative to `at` for every pixel within `reach` of it, and blends what it left. */
	paint(at: Placement, reach: number, paint: (brush: Brush, x: number, y: number) => void): void {
		const { brush } = this;
		this.visit(at, reach, (pixel, x, y) => {
			brush.opacity = 0;
			paint(brush, x, y);
			if (brush.opacity > 0) blendPixel(this.picture, pixel, brush.color, Math.min(1, brush.opacity));
		});
	}

	/** Multiplies the light within `reach` of `at`: shadows. */
	shade(at: Placement, reach: number, factor: (x: number, y: number) => number): void {
		this.visit(at, reach, (pixel, x, y) => {
			scalePixel(this.picture, pixel, factor(x, y));
		});
	}

	/** Marks the mask where `covers` holds, in coordinates relative to `at`. */
	mark(at: Placement, reach: number, covers: (x: number, y: number) => boolean): void {
		this.visit(at, reach, (pixel, x, y) => {
			if (covers(x, y)) this.picture.mask[pixel] = 255;
		});
	}

	/** The direction (x, y) of the picture, as seen from something turned by `angle` on the board. */
	towards(direction: { readonly x: number; readonly y: number }, angle: number): { x: number; y: number } {
		const turn = this.pose.angle + angle;
		const cos = Math.cos(turn);
		const sin = Math.sin(turn);
		return { x: direction.x * cos + direction.y * sin, y: direction.y * cos - direction.x * sin };
	}

	private visit(at: Placement, reach: number, call: (pixel: number, x: number, y: number) => void): void {
		const { scale, pose } = this;
		const { side } = this.picture;
		const centreX =
			side / 2 + scale * (pose.x + at.x * Math.cos(pose.angle) - at.y * Math.sin(pose.angle));
		const centreY =
			side / 2 + scale * (pose.y + at.x * Math.sin(pose.angle) + at.y * Math.cos(pose.angle));
		const cos = Math.cos(pose.angle + at.angle) / scale;
		const sin = Math.sin(pose.angle + at.angle) / scale;
		const radius = reach * scale + 1;
		const right = Math.min(side - 1, Math.ceil(centreX + radius));
		const bottom = Math.min(side - 1, Math.ceil(centreY + radius));
		for (let row = Math.max(0, Math.floor(centreY - radius)); row <= bottom; row++) {
			for (let column = Math.max(0, Math.floor(centreX - radius)); column <= right; column++) {
				const dx = column - centreX;
				const dy = row - centreY;
				call(row * side + column, dx * cos + dy * sin, dy * cos - dx * sin);
			}
		}
	}
}

/** Sets the brush to a colour of some brightness. */
export function dip(brush: Brush, color: Rgb, light: number): void {
	brush.color[0] = color[0] * light;
	brush.color[1] = color[1] * light;
	brush.color[2] = color[2] * light;
}

/** Mixes a colour into what the brush holds. */
export function tint(brush: Brush, color: Rgb, share: number): void {
	for (let c = 0; c < 3; c++) brush.color[c] += (color[c] - brush.color[c]) * share;
}
