import type { Placement } from '../distribution/placement';
import { calibrationFor, judge, type Judgement, type ScoreCalibration } from '../routing/calibration';
import type { ReadyModel, ScoredMap } from './openModel';
import type { Verdict } from './request';

/** What a map and a score mean for one image. */
export interface JudgedImage {
	/** The calibration that applied; null without one. */
	readonly applied: ScoreCalibration | null;
	readonly judgement: Judgement | null;
	/** Where the image lies among the good ones; null when it was not held against them. */
	readonly placed: Placement | null;
	readonly verdict: Verdict;
}

/** Holds a scored image against the model's calibration and against what it knows of good images. */
export function judgeImage(
	model: Pick<ReadyModel, 'opened' | 'place'>,
	{ score, embedding }: Pick<ScoredMap, 'score' | 'embedding'>,
	{
		category,
		checkDistribution = true,
	}: { readonly category: string | null; readonly checkDistribution?: boolean },
): JudgedImage {
	const placed = checkDistribution ? model.place(embedding, category) : null;
	const applied = calibrationFor(model.opened.calibration, category);
	const judgement = applied && judge(score, applied);
	const verdict = placed?.isUnknown ? 'unknown' : (judgement?.verdict ?? 'uncalibrated');
	return { applied, judgement, placed, verdict };
}
