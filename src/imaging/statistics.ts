import type { RgbImage } from './image';
import type { InspectedPixels } from './inspectedPixels';

/** How an image was taken, whatever it shows. */
export interface ImageStatistics {
	/** Mean luma, in [0, 1]. */
	readonly brightness: number;
	/** Standard deviation of the luma, in [0, 0.5]. */
	readonly contrast: number;
	/** Variance of the Laplacian of the luma (Pech-Pacheco et al. 2000): small when the image is out of focus. */
	readonly sharpness: number;
	readonly width: number;
	readonly height: number;
}

/** Weights of red, green and blue in luma (ITU-R BT.601). */
export const LUMA = [0.299, 0.587, 0.114] as const;

/**
 * Measures an image in one pass; three rows of it are kept. Images of fewer than 3 x 3 pixels have the sharpness 0.
 *
 * @param inspected pixels that count; all when absent. Of sharpness those whose four neighbours count too
 */
export function imageStatistics(
	{ data, width, height }: RgbImage,
	inspected?: InspectedPixels,
): ImageStatistics {
	let [pixels, sum, squares] = [0, 0, 0];
	let [inner, laplacianSum, laplacianSquares] = [0, 0, 0];
	const rows = [new Float64Array(width), new Float64Array(width), new Float64Array(width)];
	const counts = rows.map(() => new Uint8Array(width).fill(1));
	for (let y = 0; y < height; y++) {
		const row = rows[y % 3];
		const counted = counts[y % 3];
		inspected?.writeRow(y, counted);
		for (let x = 0, i = y * width * 3; x < width; x++, i += 3) {
			const luma = (LUMA[0] * data[i] + LUMA[1] * data[i + 1] + LUMA[2] * data[i + 2]) / 255;
			row[x] = luma;
			if (counted[x] === 0) continue;
			pixels++;
			sum += luma;
			squares += luma * luma;
		}
		if (y < 2) continue;
		const above = rows[(y - 2) % 3];
		const middle = rows[(y - 1) % 3];
		const [countedAbove, countedMiddle] = [counts[(y - 2) % 3], counts[(y - 1) % 3]];
		for (let x = 1; x < width - 1; x++) {
			const all =
				countedAbove[x] & counted[x] & countedMiddle[x - 1] & countedMiddle[x] & countedMiddle[x + 1];
			if (all === 0) continue;
			inner++;
			const laplacian = above[x] + row[x] + middle[x - 1] + middle[x + 1] - 4 * middle[x];
			laplacianSum += laplacian;
			laplacianSquares += laplacian * laplacian;
		}
	}
	if (pixels === 0) return { brightness: 0, contrast: 0, sharpness: 0, width, height };
	const brightness = sum / pixels;
	return {
		brightness,
		contrast: Math.sqrt(Math.max(0, squares / pixels - brightness ** 2)),
		sharpness: inner === 0 ? 0 : Math.max(0, laplacianSquares / inner - (laplacianSum / inner) ** 2),
		width,
		height,
	};
}
