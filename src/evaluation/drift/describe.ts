import { LEAST_IMAGES, type DriftCheck, type DriftReport, type DriftVerdict } from './report';

const HIGHER: Readonly<Record<DriftCheck['measure'], readonly [higher: string, lower: string]>> = {
	score: ['scores are higher', 'scores are lower'],
	brightness: ['images are brighter', 'images are darker'],
	contrast: ['images have more contrast', 'images have less contrast'],
	sharpness: ['images are sharper', 'images are more blurred'],
};

const WORDS: Readonly<Record<DriftVerdict, string>> = {
	stable: 'Stable',
	watch: 'Watch',
	drift: 'Drift',
	unknown: 'Not enough images to tell',
};

/** The verdict and why, in one sentence. */
export function describeDrift(verdict: DriftVerdict, found: Omit<DriftReport, 'verdict' | 'reason'>): string {
	const { images, calibrationImages, checks, size } = found;
	const counts = `${images} recent images and ${calibrationImages} at calibration`;
	if (verdict === 'unknown')
		return `${WORDS[verdict]}: found ${counts}, and at least ${LEAST_IMAGES} of each are needed`;
	if (verdict === 'stable') {
		const least = Math.min(...checks.map(({ adjustedPValue }) => adjustedPValue));
		return `${WORDS[verdict]}: ${counts} look alike in ${listed(checks.map(({ measure }) => measure))} (${chance(least)})`;
	}
	const wanted = verdict === 'drift' ? 'clear' : 'slight';
	const changes = checks.filter(({ change }) => change === wanted).map(describeCheck);
	if (size?.change === wanted)
		changes.push(
			`${size.unseen} of ${images} images have a size that no calibration image had (${size.example ?? ''})`,
		);
	return `${WORDS[verdict]}: ${listed(changes)}; found ${counts}`;
}

function describeCheck({ measure, medianBefore, medianNow, psi, adjustedPValue }: DriftCheck): string {
	const [higher, lower] = HIGHER[measure];
	const moved =
		medianNow === medianBefore
			? `${measure} is spread otherwise`
			: `${medianNow > medianBefore ? higher : lower} than at calibration`;
	return `${moved} (median ${short(medianNow)}, was ${short(medianBefore)}; ${chance(adjustedPValue)}, PSI ${psi.value.toFixed(2)})`;
}

function chance(pValue: number): string {
	return pValue < 0.001 ? 'p < 0.001' : `p = ${pValue.toFixed(3)}`;
}

function short(value: number): string {
	return String(Number(value.toPrecision(3)));
}

function listed(parts: readonly string[]): string {
	if (parts.length < 2) return parts.join('');
	return `${parts.slice(0, -1).join(', ')} and ${parts[parts.length - 1]}`;
}
