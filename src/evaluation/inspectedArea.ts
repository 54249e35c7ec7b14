import type { EvaluationRun } from '../store/evaluationRun';
import type { OpenedModel } from '../store/modelStore';
import { describeZones } from '../zones/inspectionZones';

/** What was inspected of the test images of one category. */
export interface InspectedCategory {
	readonly category: string;
	/** Mean share of their pixels, in [0, 1]; null when it is not known. */
	readonly share: number | null;
	/** Images whose defect lies wholly where nothing was inspected. */
	readonly outside: number;
}

/** What figures of a model with zones are about, in words; nothing when it inspects whole images. */
export function noticesOfZones(
	{ zones }: Pick<OpenedModel, 'zones'>,
	areas: readonly InspectedCategory[],
): string[] {
	if (zones === undefined) return [];
	const shares = areas.flatMap(({ category, share }) =>
		share === null ? [] : [`${(100 * share).toFixed(1)} % of the images of ${category}`],
	);
	const part = shares.length === 0 ? '' : ` (inspected: ${shares.join(', ')})`;
	return [
		`The model ${describeZones(zones)}${part}; scores and pixel metrics count nothing else`,
		...areas
			.filter(({ outside }) => outside > 0)
			.map(
				({ category, outside }) =>
					`${category}: ${outside} ${outside === 1 ? 'image is' : 'images are'} left out, whose defect lies wholly where the model does not look`,
			),
	];
}

/** Whether two runs looked at different parts of the images, so that their figures are about different tasks. */
export function differInZones(before: EvaluationRun, now: EvaluationRun): boolean {
	return before.settings?.zonesSha256 !== now.settings?.zonesSha256;
}

export const ZONES_DIFFER =
	'the two runs inspected different parts of the images (the zones of the model changed), so that their figures are about different tasks';
