import { median } from '../distribution/limit';
import type { Verdict } from '../scoring/request';
import type { PrecisionCheck } from '../store/precisionCheck';
import { rankCorrelation } from './rankCorrelation';

interface Both<T> {
	readonly float32: T;
	readonly reduced: T;
}

/** Keeps a change of a score of 0 finite. */
const LEAST_SCORE = 1e-12;

/** What one image gave in both precisions. */
export interface ComparedImage {
	readonly file: string;
	readonly anomalous: boolean;
	readonly scores: Both<number>;
	readonly verdicts: Both<Verdict>;
	/** Without decoding. */
	readonly milliseconds: Both<number>;
	/** Share of the map's values that lie on the other side of the threshold for masks, in [0, 1]. */
	readonly maskChange: number;
}

/** What the images say together; at least one. */
export function compareScores(
	images: readonly ComparedImage[],
): Omit<PrecisionCheck, 'precision' | 'created' | 'source' | 'processor' | 'device'> {
	const column = (pick: (image: ComparedImage) => number): number[] => images.map(pick);
	const anomalous = images.filter((image) => image.anomalous).length;
	return {
		normal: images.length - anomalous,
		anomalous,
		rankCorrelation: rankCorrelation(
			column(({ scores }) => scores.float32),
			column(({ scores }) => scores.reduced),
		),
		largestChange: Math.max(
			...column(
				({ scores: { float32, reduced } }) =>
					Math.abs(reduced - float32) / Math.max(Math.abs(float32), LEAST_SCORE),
			),
		),
		maskChange: column((image) => image.maskChange).reduce((sum, one) => sum + one, 0) / images.length,
		speedup: median(column(({ milliseconds }) => milliseconds.float32 / milliseconds.reduced)),
		milliseconds: {
			float32: median(column(({ milliseconds }) => milliseconds.float32)),
			reduced: median(column(({ milliseconds }) => milliseconds.reduced)),
		},
	};
}
