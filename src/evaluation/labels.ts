/** Labels that mean a good image, in lower case, unless told otherwise. */
export const GOOD_LABELS: readonly string[] = ['good', 'normal', 'ok'];

/** Truth values and numbers as labels: what is false or 0 is not anomalous. */
const FALSE_LABELS = new Set(['false', '0']);

export interface Label {
	/** `good`, or the defect type. */
	readonly label: string;
	readonly anomalous: boolean;
}

/**
 * Reads a label of any common kind: a word (good, scratch, OK), a truth value (true = anomalous) or a number (0 = good). Undefined when
 * it is none of these or empty.
 */
export function readLabel(value: unknown, goodLabels: readonly string[] = GOOD_LABELS): Label | undefined {
	if (typeof value !== 'string' && typeof value !== 'boolean' && typeof value !== 'number')
		return undefined;
	const text = String(value).trim();
	if (text === '' || text === 'NaN') return undefined;
	const folded = text.toLowerCase();
	if (FALSE_LABELS.has(folded) || goodLabels.some((good) => good.trim().toLowerCase() === folded))
		return { label: 'good', anomalous: false };
	return { label: folded === 'true' || folded === '1' ? 'anomalous' : text, anomalous: true };
}
