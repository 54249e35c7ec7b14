/** Three significant digits, without a tail of zeros: enough to tell a score from its threshold. */
export function decimal(value: number): string {
	return String(Number(value.toPrecision(3)));
}

/** A share in [0, 1] as percent, with two significant digits. */
export function percent(share: number): string {
	return `${Number((100 * share).toPrecision(2))} %`;
}
