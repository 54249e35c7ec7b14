import { readFileSync } from 'node:fs';

/** Whether the system says that this processor has instructions for sums of 8-bit products; null where it does not tell. */
export function hasInt8Instructions(): boolean | null {
	try {
		const [flags] = /^flags\s*:.*$/m.exec(readFileSync('/proc/cpuinfo', 'utf8')) ?? [];
		return flags === undefined ? null : /\b(avx512_vnni|avx_vnni|amx_int8)\b/.test(flags);
	} catch {
		return null;
	}
}

/** Tests that need exact sums of 8-bit products: skipped on processors that are known to lack them. */
export const describeInt8 = hasInt8Instructions() === false ? describe.skip : describe;
