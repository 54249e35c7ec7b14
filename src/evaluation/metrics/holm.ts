/**
 * P-values of several tests at once, each raised so that the chance of any false alarm stays below the limit that one of them is held
 * against (Holm 1979). Undefined values stay so and do not count.
 */
export function holm(pValues: readonly (number | null)[]): (number | null)[] {
	const known = pValues.flatMap((value, place) => (value === null ? [] : [{ value, place }]));
	known.sort((a, b) => a.value - b.value);
	const adjusted = [...pValues];
	let before = 0;
	for (const [rank, { value, place }] of known.entries()) {
		before = Math.min(1, Math.max(before, value * (known.length - rank)));
		adjusted[place] = before;
	}
	return adjusted;
}
