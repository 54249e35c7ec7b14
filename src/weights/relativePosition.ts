import { DinomalyError } from '../errors';

/** Table rows after those for patch pairs: cls to patch, patch to cls, cls to cls. */
const CLS_ROWS = 3;

/** Side of the patch grid that a BEiT table of `rows` rows was made for: rows = (2 side - 1)^2 + 3; undefined when there is none. */
export function relativeGridSide(rows: number): number | undefined {
	const side = (Math.sqrt(rows - CLS_ROWS) + 1) / 2;
	return Number.isInteger(side) && side > 0 ? side : undefined;
}

/**
 * Attention bias (heads, N, N) with N = 1 + gridSide^2 tokens, cls first, from a BEiT table ((2 gridSide - 1)^2 + 3, heads): entry
 * [h, i, j] is added to the scaled dot product of query i and key j before the softmax. Throws ENCODER_INVALID when the table has
 * another size.
 */
export function expandRelativePositionBias(
	table: Float32Array,
	gridSide: number,
	heads: number,
): Float32Array {
	const span = 2 * gridSide - 1;
	const patchRows = span * span;
	if (table.length !== (patchRows + CLS_ROWS) * heads) {
		throw new DinomalyError(
			'ENCODER_INVALID',
			`Expected a relative position table of ${patchRows + CLS_ROWS} x ${heads} values, found ${table.length}`,
			{ hint: `This encoder needs the crop size that it was trained at: ${gridSide} patches a side.` },
		);
	}
	const tokens = 1 + gridSide * gridSide;
	const bias = new Float32Array(heads * tokens * tokens);
	for (let query = 0; query < tokens; query++) {
		for (let key = 0; key < tokens; key++) {
			const row = tableRow(query, key, gridSide);
			for (let head = 0; head < heads; head++)
				bias[(head * tokens + query) * tokens + key] = table[row * heads + head];
		}
	}
	return bias;
}

/** Patch pairs by their offset, shifted to start at 0, row offset first; then the three kinds of pairs with cls. */
function tableRow(query: number, key: number, gridSide: number): number {
	const span = 2 * gridSide - 1;
	if (query === 0) return span * span + (key === 0 ? 2 : 0);
	if (key === 0) return span * span + 1;
	const rows = Math.floor((query - 1) / gridSide) - Math.floor((key - 1) / gridSide) + gridSide - 1;
	const columns = ((query - 1) % gridSide) - ((key - 1) % gridSide) + gridSide - 1;
	return rows * span + columns;
}
