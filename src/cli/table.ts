export type Cell = string | number | null;

/** Rows under headings, columns two spaces apart; numbers are right-aligned by `align`. Ends without a line break. */
export function table(
	headings: readonly string[],
	rows: readonly (readonly Cell[])[],
	align: readonly ('left' | 'right')[] = [],
): string {
	const lines = [headings, ...rows].map((row) => row.map(show));
	const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column].length)));
	return lines
		.map((line) =>
			line
				.map((cell, column) =>
					align[column] === 'right' ? cell.padStart(widths[column]) : cell.padEnd(widths[column]),
				)
				.join('  ')
				.trimEnd(),
		)
		.join('\n');
}

/** A number with fixed decimals; "-" where there is none. */
export function decimals(value: number | null, digits = 4): string {
	return value === null || !Number.isFinite(value) ? '-' : value.toFixed(digits);
}

/** File and model names may hold anything: a control character must not reach the terminal. */
export function printable(text: string): string {
	return text.replace(/[\p{Cc}\p{Cf}]/gu, '?');
}

function show(cell: Cell): string {
	return cell === null ? '-' : printable(String(cell));
}
