/** Bit patterns of the float32 that each of the 65,536 float16 patterns stands for; built at first use (256 KiB). */
let halfTable: Uint32Array | undefined;

/** Exact float32 values of float16 bit patterns, subnormals, infinities and NaN payloads included. */
export function halfToFloat32(bits: Uint16Array): Float32Array {
	halfTable ??= buildHalfTable();
	const table = halfTable;
	const out = new Uint32Array(bits.length);
	for (let i = 0; i < bits.length; i++) out[i] = table[bits[i]];
	return new Float32Array(out.buffer);
}

/** Exact float32 values of bfloat16 bit patterns, which are the upper halves of float32 patterns. */
export function bfloat16ToFloat32(bits: Uint16Array): Float32Array {
	const out = new Uint32Array(bits.length);
	for (let i = 0; i < bits.length; i++) out[i] = bits[i] << 16;
	return new Float32Array(out.buffer);
}

/** Nearest float16 bit patterns, ties to even; from 65,520 on the result is infinite, NaN stays NaN. */
export function float32ToHalf(values: Float32Array): Uint16Array {
	const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
	const out = new Uint16Array(values.length);
	for (let i = 0; i < out.length; i++) {
		const word = words[i];
		const magnitude = word & 0x7fffffff;
		let half: number;
		if (magnitude >= 0x47800000) {
			// 2^16 and more: infinite, or NaN made quiet so that dropping payload bits cannot turn it into infinity.
			half = magnitude > 0x7f800000 ? 0x7e00 | ((magnitude >> 13) & 0x1ff) : 0x7c00;
		} else if (magnitude >= 0x38800000) {
			// Normal: rounding may carry into the exponent, which is what it should do. The exponent bias differs by 112.
			half = (magnitude + 0xfff + ((magnitude >> 13) & 1) - 0x38000000) >> 13;
		} else if (magnitude > 0x33000000) {
			// Subnormal: the value in units of 2^-24 is the significand shifted right by 14 to 24 bits.
			const shift = 126 - (magnitude >> 23);
			const significand = (magnitude & 0x7fffff) | 0x800000;
			const lost = significand & ((1 << shift) - 1);
			const tie = 1 << (shift - 1);
			half = significand >> shift;
			if (lost > tie || (lost === tie && (half & 1) === 1)) half++;
		} else {
			half = 0;
		}
		out[i] = ((word >>> 16) & 0x8000) | half;
	}
	return out;
}

/** Nearest bfloat16 bit patterns, ties to even; NaN stays NaN. */
export function float32ToBfloat16(values: Float32Array): Uint16Array {
	const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
	const out = new Uint16Array(values.length);
	for (let i = 0; i < out.length; i++) {
		const word = words[i];
		const isNaN = (word & 0x7fffffff) > 0x7f800000;
		out[i] = isNaN ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
	}
	return out;
}

function buildHalfTable(): Uint32Array {
	const table = new Uint32Array(0x10000);
	for (let half = 0; half < 0x10000; half++) {
		const sign = (half & 0x8000) << 16;
		const exponent = (half >> 10) & 0x1f;
		const fraction = half & 0x3ff;
		if (exponent === 0x1f) table[half] = sign | 0x7f800000 | (fraction << 13);
		else if (exponent > 0) table[half] = sign | ((exponent + 112) << 23) | (fraction << 13);
		else if (fraction > 0) {
			// Subnormal in float16, normal in float32: move the leading one to bit 10, where it becomes implicit.
			const shift = Math.clz32(fraction) - 21;
			table[half] = sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
		} else table[half] = sign;
	}
	return table;
}
