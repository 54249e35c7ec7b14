/** Names may have 255 bytes; a temporary name and what tells two images apart have to fit as well. */
const LONGEST_STEM_BYTES = 100;
/** Names that Windows keeps for devices, with any extension. */
const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/i;
const UNSAFE = /[^\p{L}\p{N}\p{M} ._-]+/gu;

/**
 * Turns the name of an incoming file into a stem that is safe in a path on every system: no folders, no extension, no
 * leading dots, letters of any script kept. `image` when nothing is left.
 */
export function safeStem(name: string): string {
	const base = name.normalize('NFC').split(/[/\\]/).at(-1) ?? '';
	const stem = trimmed(base.replace(/\.[A-Za-z0-9]{1,5}$/, '').replace(UNSAFE, '_'));
	const short = trimmed(shorten(stem));
	if (short === '') return 'image';
	return WINDOWS_DEVICE.test(short) ? `_${short}` : short;
}

/**
 * The stem itself when it is free, else with the start of the content's hash behind it: thousands of images from one
 * camera share one name, and counting up from 2 for each would read the folder again and again.
 * @param isTaken is asked for stems in lower case, since some systems do not tell upper from lower
 */
export function freeStem(stem: string, sha256: string, isTaken: (stem: string) => boolean): string {
	for (const digits of [0, 8, 16, 64]) {
		const candidate = digits === 0 ? stem : `${stem}-${sha256.slice(0, digits)}`;
		if (!isTaken(candidate.toLowerCase())) return candidate;
	}
	for (let count = 2; ; count++) {
		const candidate = `${stem}-${sha256}-${count}`;
		if (!isTaken(candidate.toLowerCase())) return candidate;
	}
}

function shorten(stem: string): string {
	let short = stem;
	while (Buffer.byteLength(short) > LONGEST_STEM_BYTES) short = Array.from(short).slice(0, -1).join('');
	return short;
}

/** Without what makes a name hidden, an option, or changes when Windows makes the file. */
function trimmed(stem: string): string {
	return stem.replace(/^[\s._-]+/, '').replace(/[\s.]+$/, '');
}
