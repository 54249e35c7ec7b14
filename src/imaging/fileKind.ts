/** Image formats that are read. */
export type ImageFormat = 'png' | 'jpeg' | 'webp' | 'tiff' | 'gif' | 'avif' | 'bmp';

/** An image by its first bytes, or what else they show, in words that fit after "found". */
export type FileKind = { readonly format: ImageFormat } | { readonly other: string };

/** What comes later does not matter. */
const SEEN_BYTES = 512;

const SIGNATURES: readonly (readonly [ImageFormat, string])[] = [
	['png', '\x89PNG\r\n\x1a\n'],
	['jpeg', '\xff\xd8\xff'],
	['gif', 'GIF87a'],
	['gif', 'GIF89a'],
	['tiff', 'II*\0'],
	['tiff', 'MM\0*'],
	['tiff', 'II+\0'],
	['tiff', 'MM\0+'],
];

const OTHERS: readonly (readonly [string, string])[] = [
	['%PDF', 'a PDF document'],
	['PK\x03\x04', 'a ZIP archive'],
	['\x1f\x8b', 'a compressed archive'],
	['version https://git-lfs', 'a Git LFS pointer, whose image was not fetched,'],
];

/** Sizes of a BMP's information header, from Windows 3 to version 5. */
const BMP_HEADER_SIZES = [40, 52, 56, 64, 108, 124];

/** Recognises a file by its first bytes, never by its name: a wrong extension does not matter. */
export function recognizeFile(head: Uint8Array): FileKind {
	const seen = head.subarray(0, SEEN_BYTES);
	const text = Buffer.from(seen).toString('latin1');
	for (const [format, signature] of SIGNATURES) if (text.startsWith(signature)) return { format };
	if (text.startsWith('RIFF') && text.startsWith('WEBP', 8)) return { format: 'webp' };
	if (text.startsWith('BM') && BMP_HEADER_SIZES.includes(text.charCodeAt(14))) return { format: 'bmp' };
	if (text.startsWith('ftyp', 4)) return recognizeBrands(text);
	for (const [signature, other] of OTHERS) if (text.startsWith(signature)) return { other };
	if (!looksLikeText(seen)) return { other: 'data of another kind' };
	if (/<svg[\s>]/i.test(text)) return { other: 'an SVG drawing' };
	if (/^\s*<(!doctype )?html/i.test(text)) return { other: 'an HTML page' };
	return { other: 'text' };
}

/** AVIF and HEIC share a container and differ in the four-letter brands that its first box lists. */
function recognizeBrands(text: string): FileKind {
	const brands = text.slice(8, Math.max(16, text.charCodeAt(2) * 256 + text.charCodeAt(3)));
	if (/avi[fs]/.test(brands)) return { format: 'avif' };
	return { other: /hei[cxms]|hev[cx]|mif1|msf1/.test(brands) ? 'a HEIC image' : 'a film or sound file' };
}

function looksLikeText(bytes: Uint8Array): boolean {
	return bytes.every((byte) => byte > 31 || byte === 9 || byte === 10 || byte === 13);
}
