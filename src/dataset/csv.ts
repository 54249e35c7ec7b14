import { DinomalyError } from '../errors';

/** Every row has a field for each column: lists of images have a handful. */
const MAX_COLUMNS = 1000;

/**
 * Reads comma-separated text with a header row (RFC 4180: quoted fields, doubled quotes, CRLF), with or without a
 * byte order mark. Missing trailing fields are empty.
 * @returns one record per row, from column name to field
 * @throws DinomalyError DATASET_LAYOUT above a thousand columns
 */
export function parseCsv(text: string): Record<string, string>[] {
	const rows = splitRows(text.startsWith('\ufeff') ? text.slice(1) : text);
	if (rows.length === 0) return [];
	if (rows[0].length > MAX_COLUMNS) throw tooManyColumns(rows[0].length);
	const header = rows[0].map((name) => name.trim());
	return rows
		.slice(1)
		.map((row) => Object.fromEntries(header.map((name, i) => [name, (row[i] ?? '').trim()])));
}

function tooManyColumns(found: number): DinomalyError {
	return new DinomalyError(
		'DATASET_LAYOUT',
		`Expected at most ${MAX_COLUMNS} columns in a table of comma-separated values, found ${found}`,
		{ hint: 'Check that the file is the list of images, with one image a row.' },
	);
}

function splitRows(text: string): string[][] {
	const rows: string[][] = [];
	let row: string[] = [];
	let field = '';
	let quoted = false;
	const endField = (): void => {
		row.push(field);
		field = '';
	};
	const endRow = (): void => {
		endField();
		if (row.length > 1 || row[0] !== '') rows.push(row);
		row = [];
	};
	for (let i = 0; i < text.length; i++) {
		const character = text[i];
		if (quoted) {
			if (character !== '"') field += character;
			else if (text[i + 1] === '"') field += text[++i];
			else quoted = false;
		} else if (character === '"') quoted = true;
		else if (character === ',') endField();
		else if (character === '\n') endRow();
		else if (character !== '\r') field += character;
	}
	endRow();
	return rows;
}
