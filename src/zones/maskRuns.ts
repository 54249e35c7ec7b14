import { DinomalyError } from '../errors';
import type { Size } from '../imaging/image';
import { fullScale, type MaskImage } from '../imaging/mask';
import type { Stretch } from './shapes';

/** A drawn mask has some thousand stretches; more than this is a photograph, or noise. */
const MAX_RUNS = 1_000_000;

/**
 * The white part of a mask - levels above one half of full scale, labels other than 0 - as lengths of its stretches.
 * @throws CONFIG_INVALID when it falls into more than half a million stretches
 */
export function runsOfMask(mask: MaskImage): number[] {
	const { data, channels, kind } = mask;
	const floor = kind === 'labels' ? 0 : fullScale(data) / 2;
	const runs: number[] = [];
	let inside = false;
	let length = 0;
	for (let p = 0; p < data.length; p += channels) {
		let largest = data[p];
		for (let c = 1; c < channels; c++) if (data[p + c] > largest) largest = data[p + c];
		if (largest > floor === inside) {
			length++;
			continue;
		}
		runs.push(length);
		inside = !inside;
		length = 1;
		if (runs.length > MAX_RUNS) throw tooManyRuns();
	}
	runs.push(length);
	return runs;
}

/** The stretches of each row of a mask that lie inside, in pixels, ascending. */
export function rowsOfRuns(runs: readonly number[], { width, height }: Size): Stretch[][] {
	const rows: Stretch[][] = Array.from({ length: height }, () => []);
	let at = 0;
	for (const [i, length] of runs.entries()) {
		const end = at + length;
		if (i % 2 === 1) {
			// A stretch goes on in the next row where it reaches the end of one.
			for (let start = at; start < end;) {
				const row = Math.floor(start / width);
				const stop = Math.min(end, (row + 1) * width);
				rows[row].push([start - row * width, stop - row * width]);
				start = stop;
			}
		}
		at = end;
	}
	return rows;
}

function tooManyRuns(): DinomalyError {
	return new DinomalyError(
		'CONFIG_INVALID',
		'Expected a mask of plain white and black areas, found one that changes more than a million times',
		{ hint: 'Draw the mask with a brush or shapes, without dithering or noise, and save it as PNG.' },
	);
}
