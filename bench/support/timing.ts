import type { MatrixProduct } from './matrixProduct';
import { spreadOf, type Spread } from './report';

export interface SharedRate {
	/** Milliseconds. */
	readonly time: Spread;
	/** Percent of the product's rate. */
	readonly share: Spread;
	/** GFLOP/s. */
	readonly productRate: Spread;
}

/**
 * Times work between two runs of the machine's own matrix product, which tells how fast the machine was at that moment.
 * @param flops matrix work of one run
 */
export async function timeBesideProduct(
	product: MatrixProduct,
	work: () => Promise<unknown>,
	{ runs, flops }: { readonly runs: number; readonly flops: number },
): Promise<SharedRate> {
	const [times, shares, rates]: [number[], number[], number[]] = [[], [], []];
	await work();
	for (let run = 0; run < runs; run++) {
		const before = await product.rate();
		const ms = await millisecondsOf(work);
		const rate = (before + (await product.rate())) / 2;
		times.push(ms);
		rates.push(rate / 1e9);
		shares.push((100 * flops) / (ms / 1000) / rate);
	}
	return { time: spreadOf(times), share: spreadOf(shares), productRate: spreadOf(rates) };
}

export async function millisecondsOf(work: () => Promise<unknown>): Promise<number> {
	const start = performance.now();
	await work();
	return performance.now() - start;
}
