import { calibrationFor } from '../routing/calibration';
import type { CalibrationFile } from '../store/calibration';
import type { CategoryLimits } from './request';

/** The limits that follow from a calibration, category by category and for all together last. */
export function limitsOf(file: CalibrationFile): CategoryLimits[] {
	return [...Object.keys(file.scores).sort(), null].flatMap((category) => {
		const found = calibrationFor(file, category);
		if (!found) return [];
		const { threshold } = found;
		return [
			{
				category,
				normal: countOf(file.scores, category),
				anomalous: countOf(file.anomalousScores ?? {}, category),
				own: category === null || found.category === category,
				threshold: threshold.value,
				basis: threshold.basis,
				extrapolated: threshold.extrapolated,
				reviewThreshold: found.reviewThreshold ?? null,
				pixelThreshold: found.pixelThreshold,
			},
		];
	});
}

function countOf(scores: Readonly<Record<string, readonly number[]>>, category: string | null): number {
	if (category !== null) return Object.hasOwn(scores, category) ? scores[category].length : 0;
	return Object.values(scores).reduce((sum, own) => sum + own.length, 0);
}
