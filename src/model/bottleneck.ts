import { add, gelu, linear, mul, reduceSum, scale, sqrt, square, type Tensor } from '../graph';
import type { BottleneckKind } from './config';

/** Run-time factors of the bottleneck's dropout: 0 or 1 / (1 - rate), of the shape of what they multiply. */
export interface DropoutFactors {
	readonly input?: Tensor;
	readonly hidden?: Tensor;
	readonly output?: Tensor;
	/** After Dinomaly2's first layer. */
	readonly reduced?: Tensor;
}

/**
 * Noisy bottleneck on every token. `plain`: Drop, Linear(D, 4D), GELU, Drop, Linear(4D, D), Drop (reference: bMlp);
 * `reduced`: Linear(D, r), Drop, Linear(r, 4D), GELU, Drop, Linear(4D, D), Drop (Dinomaly2).
 */
export function noisyBottleneck(
	x: Tensor,
	parameter: (name: string) => Tensor,
	factors: DropoutFactors,
	kind: BottleneckKind = 'plain',
): Tensor {
	const fc = (rows: Tensor, name: string): Tensor =>
		linear(rows, parameter(`bottleneck.${name}.weight`), parameter(`bottleneck.${name}.bias`));
	const entered = kind === 'reduced' ? drop(fc(x, 'fc0'), factors.reduced) : drop(x, factors.input);
	const hidden = drop(gelu(fc(entered, 'fc1')), factors.hidden);
	return drop(fc(hidden, 'fc2'), factors.output);
}

/** Feature jitter: x + noise * (|token| / D) * strength, noise from N(0, 1), an alternative to dropout (reference: add_jitter). */
export function jitter(x: Tensor, noise: Tensor, strength: number): Tensor {
	const dim = x.shape[x.shape.length - 1];
	const norms = sqrt(reduceSum(square(x), [-1]));
	return add(x, mul(noise, scale(norms, strength / dim)));
}

function drop(x: Tensor, factor: Tensor | undefined): Tensor {
	return factor ? mul(x, factor) : x;
}
