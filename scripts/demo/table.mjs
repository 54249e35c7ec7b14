// Plain tables for a terminal.

/** @param rows arrays of texts or numbers, as long as `headings` */
export function table(headings, rows) {
	const lines = [headings, ...rows].map((row) => row.map(String));
	const widths = headings.map((_, i) => Math.max(...lines.map((line) => line[i].length)));
	return lines
		.map((line) =>
			line
				.map((text, i) => text.padEnd(widths[i]))
				.join('  ')
				.trimEnd(),
		)
		.join('\n');
}

export function decimals(value, digits = 3) {
	return typeof value === 'number' ? value.toFixed(digits) : '-';
}
