/** Pixels row by row, channels interleaved: `data[(y * width + x) * channels + c]`, 0..255. */
export interface Raster {
	readonly data: Uint8Array;
	readonly width: number;
	readonly height: number;
	readonly channels: number;
}

export interface RgbImage extends Raster {
	readonly channels: 3;
}

export interface GrayImage extends Raster {
	readonly channels: 1;
}

export interface Size {
	readonly width: number;
	readonly height: number;
}
