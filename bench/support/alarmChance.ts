/** z of a 95 % interval. */
const Z = 1.959964;

/** 95 % interval of a share by Wilson's score (1927): `count` of `total` independent images. */
export function wilsonRange(count: number, total: number): [number, number] {
	const share = count / total;
	const spread = Z * Math.sqrt((share * (1 - share)) / total + Z ** 2 / (4 * total ** 2));
	const weight = 1 + Z ** 2 / total;
	const middle = share + Z ** 2 / (2 * total);
	return [(middle - spread) / weight, (middle + spread) / weight];
}

export interface AlarmTrial {
	/** Images that the threshold was taken from. */
	readonly held: number;
	/** Images that it was tried on. */
	readonly tested: number;
	/** False-alarm rate that was asked for, at least 1 / (held + 1). */
	readonly rate: number;
}

/**
 * The shares of false alarms between which 95 of 100 calibrations end when held-out and tested images are exchangeable. With the threshold at
 * the k-th smallest of n scores the number among m new ones is beta-binomial, m trials with beta(n + 1 - k, k): wider than binomial, as the
 * threshold itself comes by chance.
 */
export function chanceRange({ held, tested, rate }: AlarmTrial): [number, number] {
	const k = Math.max(1, Math.ceil((held + 1) * (1 - rate) - 1e-9));
	const [a, b] = [held + 1 - k, k];
	let below = 0;
	let low: number | undefined;
	for (let count = 0; count <= tested; count++) {
		below += Math.exp(logChoose(tested, count) + logBeta(count + a, tested - count + b) - logBeta(a, b));
		if (low === undefined && below > 0.025) low = count / tested;
		if (below >= 0.975) return [low ?? 0, count / tested];
	}
	return [low ?? 0, 1];
}

function logChoose(n: number, k: number): number {
	return logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}

/** Of whole numbers, as all of these are. */
function logBeta(a: number, b: number): number {
	return logFactorial(a - 1) + logFactorial(b - 1) - logFactorial(a + b - 1);
}

function logFactorial(n: number): number {
	let sum = 0;
	for (let i = 2; i <= n; i++) sum += Math.log(i);
	return sum;
}
