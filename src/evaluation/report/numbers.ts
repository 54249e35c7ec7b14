/** Figures as the report prints them. */

const DASH = '–';
const MINUS = '−';
/** Keeps a figure and its unit on one line. */
const NBSP = '\u00a0';

/** A metric in [0, 1], or a dash. */
export function metric(value: number | null | undefined): string {
	return value === null || value === undefined ? DASH : value.toFixed(3);
}

/** A signed difference; a dash where one side is missing. */
export function change(
	before: number | null | undefined,
	now: number | null | undefined,
): { readonly text: string; readonly direction: 'up' | 'down' | 'same' | 'unknown' } {
	if (typeof before !== 'number' || typeof now !== 'number') return { text: DASH, direction: 'unknown' };
	const size = Math.abs(now - before).toFixed(3);
	if (Number(size) === 0) return { text: '±0.000', direction: 'same' };
	return now > before
		? { text: `+${size}`, direction: 'up' }
		: { text: `${MINUS}${size}`, direction: 'down' };
}

/** An anomaly score: four figures that count, whatever its size. */
export function score(value: number): string {
	return Number(value.toPrecision(4)).toString();
}

/** A part of a whole, as count and share; a dash where there is no count. */
export function share(count: number | null, total: number): string {
	if (count === null) return DASH;
	if (total === 0) return `0 of 0`;
	return `${count} of ${total} (${percent(count / total)})`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
	return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

/** `a, b and c`. */
export function listed(names: readonly string[]): string {
	const last = names.at(-1) ?? '';
	return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}

/** A moment as people and machines both read it, in UTC. */
export function moment(iso: string): string {
	return `${new Date(iso).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

export function duration(seconds: number): string {
	if (seconds < 60) return `${seconds.toFixed(1)} s`;
	const minutes = Math.floor(seconds / 60);
	if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
	return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A share in [0, 1] as a percentage, with a decimal near the ends, where it matters; never rounded to an end that it is not at. */
export function percent(value: number): string {
	const percentage = 100 * value;
	if (percentage > 0 && percentage < 0.05) return `< 0.1${NBSP}%`;
	if (percentage < 100 && percentage > 99.95) return `> 99.9${NBSP}%`;
	const decimals = percentage === 0 || percentage === 100 || (percentage >= 10 && percentage < 99) ? 0 : 1;
	return `${percentage.toFixed(decimals)}${NBSP}%`;
}

/** A coordinate in a drawing. */
export function attribute(value: number): string {
	return String(Math.round(value * 100) / 100);
}
