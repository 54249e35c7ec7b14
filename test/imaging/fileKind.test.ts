import { recognizeFile } from '../../src/imaging/fileKind';

function bytes(text: string): Uint8Array {
	return Buffer.from(text, 'latin1');
}

test.each([
	['\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'png'],
	['\xff\xd8\xff\xe0\0\x10JFIF', 'jpeg'],
	['GIF89a\x01\0', 'gif'],
	['II*\0\x08\0\0\0', 'tiff'],
	['MM\0*\0\0\0\x08', 'tiff'],
	['RIFF\x24\0\0\0WEBPVP8 ', 'webp'],
	['\0\0\0\x1cftypavif\0\0\0\0mif1miaf', 'avif'],
	['\0\0\0\x1cftypmif1\0\0\0\0avifmif1', 'avif'],
	['BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0', 'bmp'],
])('%j is recognized as %s', (text, format) => {
	expect(recognizeFile(bytes(text))).toEqual({ format });
});

test.each([
	['BMW is a maker of cars, and this is a text', 'text'],
	['hello\r\n\tworld', 'text'],
	['gr\xc3\xbc\xc3\x9fe', 'text'],
	[
		'version https://git-lfs.github.com/spec/v1\noid sha256:12',
		'a Git LFS pointer, whose image was not fetched,',
	],
	['<!DOCTYPE html><html>', 'an HTML page'],
	['<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg">', 'an SVG drawing'],
	['%PDF-1.7', 'a PDF document'],
	['PK\x03\x04', 'a ZIP archive'],
	['\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'a HEIC image'],
	['\0\0\0\x18ftypmp42\0\0\0\0mp42isom', 'a film or sound file'],
	['RIFF\x24\0\0\0WAVEfmt ', 'data of another kind'],
	['\0\x01\x02\x03', 'data of another kind'],
])('%j is no image but %s', (text, other) => {
	expect(recognizeFile(bytes(text))).toEqual({ other });
});
