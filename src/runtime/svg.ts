import type Sharp from 'sharp';
import { loadNative } from './native';

/** PNG bytes of a drawing. @throws DinomalyError RUNTIME_MISSING */
export async function renderSvg(svg: string): Promise<Uint8Array> {
	const png = await sharp()(Buffer.from(svg)).png().toBuffer();
	return new Uint8Array(png.buffer, png.byteOffset, png.byteLength);
}

/**
 * Whether this machine has a typeface to write with. A slim container may have none: then text is left out, or every letter becomes the
 * same empty box, silently.
 */
export async function hasTypeface(): Promise<boolean> {
	const [wide, narrow] = await Promise.all([letter('M'), letter('l')]);
	return !wide.equals(narrow);
}

/** Pixels of one letter. */
function letter(text: string): Promise<Buffer> {
	const svg =
		'<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24"><rect width="24" height="24" fill="#fff"/>' +
		`<text x="2" y="22" font-family="sans-serif" font-size="24">${text}</text></svg>`;
	return sharp()(Buffer.from(svg)).raw().toBuffer();
}

function sharp(): typeof Sharp {
	return loadNative('sharp') as typeof Sharp;
}
