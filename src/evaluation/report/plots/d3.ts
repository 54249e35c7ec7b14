/** What plots take from D3: scales with round ticks, and paths through points. */
export type D3 = Awaited<ReturnType<typeof loadD3>>;

/** Loads the parts of D3 when a report is made: they are ES modules, and nothing else needs them. */
export async function loadD3() {
	const [{ scaleLinear }, { line }] = await Promise.all([import('d3-scale'), import('d3-shape')]);
	return { scaleLinear, line };
}
