const FIRST_SURROGATE = 0xd800;
const LAST_SURROGATE = 0xdfff;

/**
 * Orders names by their UTF-8 bytes, so that a dataset has one order on every system and in every language.
 * @returns negative, 0 or positive, for `Array.prototype.sort`
 */
export function compareBytewise(a: string, b: string): number {
	const length = Math.min(a.length, b.length);
	for (let i = 0; i < length; i++) {
		const x = a.charCodeAt(i);
		const y = b.charCodeAt(i);
		if (x !== y) return byteRank(x) - byteRank(y);
	}
	return a.length - b.length;
}

/** UTF-16 puts the characters above U+FFFF (surrogate pairs) before U+E000; UTF-8 puts them last. */
function byteRank(codeUnit: number): number {
	if (codeUnit < FIRST_SURROGATE) return codeUnit;
	if (codeUnit <= LAST_SURROGATE) return codeUnit + 0x10000;
	return codeUnit;
}
