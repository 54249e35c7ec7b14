import { drawBareBoard, type Light } from './bareBoard';
import { BoardCanvas, dip, EVERYWHERE, MIDDLE } from './boardCanvas';
import { defectOf, SOUND } from './boardDefects';
import { BOARD_HALF, mountParts } from './boardLayout';
import { drawPads } from './boardPads';
import { drawPart } from './boardPainters';
import { LAMP } from './boardParts';
import type { Noise } from './noise';
import { createPicture, type Rgb } from './picture';
import { plusMinus, type Product, type Studio } from './product';
import { roundedBox, smoothstep } from './shapes';

/** An assembled circuit board: packages, capacitors, chips, a connector, screws, a printed label. */
export const board: Product = {
	name: 'circuit_board',
	defects: ['crack', 'missing_part', 'rotated_part', 'solder_bridge', 'wrong_label'],
	draw(studio, order) {
		const { variation, noise } = studio;
		const pose = {
			x: plusMinus(variation, 4),
			y: plusMinus(variation, 4),
			angle: plusMinus(variation, 0.022),
		};
		const light = randomLight(studio);
		const parts = mountParts(variation);
		const canvas = new BoardCanvas(createPicture(studio.side), pose);
		const defect = order === null ? SOUND : defectOf(order, parts, noise);
		drawBench(canvas, noise, light);
		drawBareBoard(canvas, noise, light);
		for (const part of parts) drawPads(canvas, part);
		for (const part of defect.mount(parts)) drawPart(canvas, part, noise);
		defect.finish(canvas);
		return canvas.picture;
	},
};

const BENCH: Rgb = [0.17, 0.19, 0.21];

function randomLight({ variation }: Studio): Light {
	return {
		x: -70 + plusMinus(variation, 25),
		y: -85 + plusMinus(variation, 25),
		strength: 1 + plusMinus(variation, 0.06),
		texture: 256 * variation.next(),
	};
}

function drawBench(canvas: BoardCanvas, noise: Noise, light: Light): void {
	const lamp = canvas.towards(LAMP, 0);
	canvas.paint(MIDDLE, EVERYWHERE, (brush, x, y) => {
		if (Math.abs(x) < BOARD_HALF - 3 && Math.abs(y) < BOARD_HALF - 3) return;
		const shadow = smoothstep(
			9,
			-4,
			roundedBox(x + 5 * lamp.x, y + 5 * lamp.y, BOARD_HALF, BOARD_HALF, 6),
		);
		const grain = 1 + 0.1 * noise.fractal(x * 0.35 + light.texture, y * 0.35, 2);
		dip(brush, BENCH, grain * light.strength * (1 - 0.55 * shadow));
		brush.opacity = 1;
	});
}
