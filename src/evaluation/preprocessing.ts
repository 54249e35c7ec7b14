import { describeTiling } from '../imaging/tiling';
import type { EvaluationRun } from '../store/evaluationRun';

/** How the images of a run were brought to the encoder, in words: "resized to 256 px, centre 224 px". */
export function describePreprocessing({
	imageSize,
	cropSize,
	tiling,
}: EvaluationRun['preprocessing']): string {
	const sizes = `resized to ${imageSize} px${cropSize === imageSize ? '' : `, centre ${cropSize} px`}`;
	return tiling === undefined ? sizes : `cut into ${describeTiling(tiling)}, each ${sizes}`;
}
