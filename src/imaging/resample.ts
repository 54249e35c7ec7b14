import { axisWeights, ONE_HALF, PRECISION_BITS, type AxisWeights } from './axisWeights';
import type { Raster, Size } from './image';
import * as vectors from './resampleVectors';

/** The part of a resized image that is wanted, in pixels of the resized image. */
export interface Window extends Size {
	readonly x: number;
	readonly y: number;
}

/**
 * Resizes like Pillow's BILINEAR on 8-bit images, bit for bit: a triangle filter that widens when shrinking (so it
 * does not alias), first along x, rounded to 8 bits, then along y; an axis that keeps its size is left alone.
 *
 * @param size size of the whole resized image
 * @param window the part of it to compute; all of it when absent
 */
export function resizeBilinear<R extends Raster>(image: R, size: Size, window: Window = whole(size)): R {
	const vertical = axisWeights(image.height, size.height, window.y, window.height);
	const last = window.height - 1;
	const firstRow = last < 0 ? 0 : vertical.starts[0];
	const rowCount = last < 0 ? 0 : vertical.starts[last] + vertical.counts[last] - firstRow;
	const columns =
		image.width === size.width
			? cropRows(image, { x: window.x, y: firstRow, width: window.width, height: rowCount })
			: resizeRows(
					image,
					axisWeights(image.width, size.width, window.x, window.width),
					firstRow,
					rowCount,
				);
	// The weights of an axis that keeps its size are exactly 1, so this is the identity then.
	const data =
		image.height === size.height
			? columns
			: resizeColumns(columns, window.width * image.channels, vertical, firstRow);
	return { ...image, data, width: window.width, height: window.height };
}

/**
 * Resizes like Pillow's NEAREST: each output pixel takes the input pixel under its centre.
 * Values are copied, never mixed, so labels stay labels.
 */
export function resizeNearest<R extends Raster>(image: R, size: Size): R {
	return gather(image, centreSources(image.width, size.width), centreSources(image.height, size.height));
}

/**
 * Resizes like PyTorch's legacy "nearest": source = floor(output * input size / output size), which takes the input
 * pixel under the top left corner of the output pixel rather than under its centre.
 */
export function resizeNearestCorner<R extends Raster>(image: R, size: Size): R {
	return gather(image, cornerSources(image.width, size.width), cornerSources(image.height, size.height));
}

function whole(size: Size): Window {
	return { x: 0, y: 0, width: size.width, height: size.height };
}

function cropRows(image: Raster, { x, y, width, height }: Window): Uint8Array {
	const { data, channels } = image;
	const from = image.width * channels;
	const to = width * channels;
	if (from === to) return data.subarray(y * from, (y + height) * from);
	const output = new Uint8Array(height * to);
	for (let row = 0; row < height; row++) {
		const start = (y + row) * from + x * channels;
		output.set(data.subarray(start, start + to), row * to);
	}
	return output;
}

function resizeRows(image: Raster, axis: AxisWeights, firstRow: number, rowCount: number): Uint8Array {
	const { data, width, channels } = image;
	const fast = channels === 3 ? vectors.resizeRgbRows(data, { width, firstRow, rowCount }, axis) : null;
	if (fast) return fast;
	const output = new Uint8Array(rowCount * axis.starts.length * channels);
	const resizeRow = channels === 3 ? resizeRgbRow : resizeAnyRow;
	for (let row = 0; row < rowCount; row++) {
		resizeRow(axis, data, (firstRow + row) * width * channels, output, row, channels);
	}
	return output;
}

/**
 * Sums fit in 32 bits: the weights of a pixel add up to 2^22, give or take half a unit each, and pixels to 255.
 */
function resizeRgbRow(
	axis: AxisWeights,
	data: Uint8Array,
	rowStart: number,
	output: Uint8Array,
	row: number,
): void {
	const { starts, counts, weights, stride } = axis;
	const width = starts.length;
	let o = row * width * 3;
	for (let x = 0; x < width; x++, o += 3) {
		const end = x * stride + counts[x];
		let p = rowStart + starts[x] * 3;
		let red = ONE_HALF;
		let green = ONE_HALF;
		let blue = ONE_HALF;
		for (let k = x * stride; k < end; k++, p += 3) {
			const weight = weights[k];
			red = (red + Math.imul(weight, data[p])) | 0;
			green = (green + Math.imul(weight, data[p + 1])) | 0;
			blue = (blue + Math.imul(weight, data[p + 2])) | 0;
		}
		output[o] = toByte(red);
		output[o + 1] = toByte(green);
		output[o + 2] = toByte(blue);
	}
}

function resizeAnyRow(
	axis: AxisWeights,
	data: Uint8Array,
	rowStart: number,
	output: Uint8Array,
	row: number,
	channels: number,
): void {
	const { starts, counts, weights, stride } = axis;
	const width = starts.length;
	let o = row * width * channels;
	for (let x = 0; x < width; x++) {
		const end = x * stride + counts[x];
		for (let c = 0; c < channels; c++, o++) {
			let p = rowStart + starts[x] * channels + c;
			let sum = ONE_HALF;
			for (let k = x * stride; k < end; k++, p += channels) {
				sum = (sum + Math.imul(weights[k], data[p])) | 0;
			}
			output[o] = toByte(sum);
		}
	}
}

/** Adds whole rows up, so that memory is read in order; `rowLength` counts bytes, whatever the channels. */
function resizeColumns(data: Uint8Array, rowLength: number, axis: AxisWeights, firstRow: number): Uint8Array {
	const fast = vectors.resizeColumns(data, { rowBytes: rowLength, firstRow }, axis);
	if (fast) return fast;
	const { starts, counts, weights, stride } = axis;
	const height = starts.length;
	const output = new Uint8Array(height * rowLength);
	const sums = new Int32Array(rowLength);
	for (let y = 0; y < height; y++) {
		sums.fill(ONE_HALF);
		for (let k = 0; k < counts[y]; k++) {
			const weight = weights[y * stride + k];
			const start = (starts[y] - firstRow + k) * rowLength;
			for (let j = 0; j < rowLength; j++) {
				sums[j] = (sums[j] + Math.imul(weight, data[start + j])) | 0;
			}
		}
		const o = y * rowLength;
		for (let j = 0; j < rowLength; j++) output[o + j] = toByte(sums[j]);
	}
	return output;
}

function toByte(sum: number): number {
	const value = sum >> PRECISION_BITS;
	return value > 255 ? 255 : value;
}

function centreSources(inputSize: number, outputSize: number): Int32Array {
	const sources = new Int32Array(outputSize);
	const step = inputSize / outputSize;
	// Added up, not multiplied: the rounding of the sum decides which pixel is taken where a centre meets an edge.
	let position = step * 0.5;
	for (let i = 0; i < outputSize; i++, position += step) {
		sources[i] = Math.min(inputSize - 1, Math.trunc(position));
	}
	return sources;
}

function cornerSources(inputSize: number, outputSize: number): Int32Array {
	const sources = new Int32Array(outputSize);
	// The reference computes the scale and the product in single precision.
	const scale = Math.fround(inputSize / outputSize);
	for (let i = 0; i < outputSize; i++) {
		sources[i] = Math.min(inputSize - 1, Math.floor(Math.fround(i * scale)));
	}
	return sources;
}

function gather<R extends Raster>(image: R, columns: Int32Array, rows: Int32Array): R {
	const { channels } = image;
	const data = new Uint8Array(columns.length * rows.length * channels);
	let o = 0;
	for (let y = 0; y < rows.length; y++) {
		const row = rows[y] * image.width;
		for (let x = 0; x < columns.length; x++) {
			const p = (row + columns[x]) * channels;
			for (let c = 0; c < channels; c++) data[o++] = image.data[p + c];
		}
	}
	return { ...image, data, width: columns.length, height: rows.length };
}
