import path from 'node:path';
import { DinomalyError } from '../errors';
import type { ImageEntry } from './dataset';

/** The part that an image shows; null when its name does not tell. */
export type PartOf = (entry: Pick<ImageEntry, 'relativePath'>) => string | null;

const PLACE = '{part}';

/**
 * Reads from the names of images which of them show the same part, by a pattern such as `line3_*_{part}_*.jpg`: `*` stands for any text,
 * `{part}` for what names the part. With a slash, as in `{part}/*`, folders are looked at too.
 *
 * @throws CONFIG_INVALID for a pattern without one `{part}`
 */
export function readPartNames(pattern: string): PartOf {
	const trimmed = pattern.trim();
	if (trimmed.split(PLACE).length !== 2) {
		throw new DinomalyError(
			'CONFIG_INVALID',
			`Expected the names of parts to be told by a pattern with {part} once, such as *_{part}_*.jpg, found "${pattern}"`,
			{ hint: 'Write * for what differs between images of one part, and {part} for what names it.' },
		);
	}
	const hasFolders = trimmed.includes('/');
	const any = hasFolders ? '[^/]*?' : '.*?';
	const source = trimmed
		.split(PLACE)
		.map((piece) => piece.split('*').map(escaped).join(any))
		.join(hasFolders ? '([^/]+?)' : '(.+?)');
	const whole = new RegExp(`${hasFolders ? '(?:^|/)' : '^'}${source}$`, 'u');
	return ({ relativePath }) =>
		whole.exec(hasFolders ? relativePath : path.posix.basename(relativePath))?.[1] ?? null;
}

function escaped(text: string): string {
	return text.replace(/[\\^$.*+?()[\]{}|/]/gu, '\\$&');
}
