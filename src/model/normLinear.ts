import { add, matmul, mul, normalise, reshape, scale, sub, type Tensor } from '../graph';

/** LayerNorm epsilon of decoder blocks; with the reference's small initial activations it is visible. */
const NORM_EPSILON = 1e-8;

export interface LinearLayer {
	/** (out, D). */
	readonly weight: Tensor;
	/** (out). */
	readonly bias: Tensor | null;
}

/** What remains of LN and the linear layer behind it: a layer on normal rows. */
export interface NormLinear extends LinearLayer {
	readonly rows: Tensor;
}

export interface NormLinearOptions {
	/**
	 * The layer's bias becomes part of its weights. That saves passes over activations, a fortieth of a training step, where weights change
	 * at every run; fixed weights gain nothing, and weights in 8 bits would lose precision.
	 */
	readonly biasInWeights?: boolean;
}

/**
 * LN followed by a linear layer. LN's gain and shift are folded into the layer, so that their products and gradients are taken on weights and
 * not on activations: W (gain * n + shift) + b = (W diag(gain)) n + (b + W shift), with the normal rows n.
 *
 * With `biasInWeights` the rows are n + 1 instead, which costs nothing. As n sums to 0 over its D numbers, adding v to every column of the
 * weights adds D v to the result; v = (b + W shift - W gain) / D makes that the bias.
 *
 * @param rows (rows, D)
 * @param norm gain and shift of LN, (D)
 */
export function normLinear(
	rows: Tensor,
	{ weight, bias }: LinearLayer,
	norm: { readonly gain: Tensor; readonly shift: Tensor },
	{ biasInWeights = false }: NormLinearOptions,
): NormLinear {
	const [out, dim] = weight.shape;
	const gained = mul(weight, norm.gain);
	const times = (vector: Tensor): Tensor => matmul(weight, reshape(vector, [dim, 1]));
	if (!biasInWeights) {
		const shift = reshape(times(norm.shift), [out]);
		return {
			rows: normalise(rows, NORM_EPSILON),
			weight: gained,
			bias: bias ? add(bias, shift) : shift,
		};
	}
	const fromNorm = times(sub(norm.shift, norm.gain));
	const level = bias ? add(reshape(bias, [out, 1]), fromNorm) : fromNorm;
	return {
		rows: normalise(rows, NORM_EPSILON, 1),
		weight: add(gained, scale(level, 1 / dim)),
		bias: null,
	};
}
