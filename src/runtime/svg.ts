import type Sharp from 'sharp';
import { loadNative } from './native';

/** PNG bytes of a drawing. @throws DinomalyError RUNTIME_MISSING */
export async function renderSvg(svg: string): Promise<Uint8Array> {
	const png = await sharp()(Buffer.from(svg)).png().toBuffer();
	return new Uint8Array(png.buffer, png.byteOffset, png.byteLength);
}

/** Whether this machine has a typeface to write with: a slim container may have none, and then text is silently left out. */
export async function hasTypeface(): Promise<boolean> {
	const svg =
		'<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24"><rect width="24" height="24" fill="#fff"/>' +
		'<text x="2" y="22" font-family="sans-serif" font-size="24">M</text></svg>';
	const { channels } = await sharp()(Buffer.from(svg)).stats();
	return channels[0].min < 128;
}

function sharp(): typeof Sharp {
	return loadNative('sharp') as typeof Sharp;
}
