/**
 * The losses in a value read from a JSON file, which may hold anything; undefined when it is no list of them. JSON has no word for what is not
 * finite: null stands for it, and becomes NaN.
 */
export function parseLosses(value: unknown): number[] | undefined {
	if (!Array.isArray(value)) return undefined;
	const losses = value.map((loss: unknown) => (loss === null ? NaN : loss));
	return losses.every((loss): loss is number => typeof loss === 'number') ? losses : undefined;
}
