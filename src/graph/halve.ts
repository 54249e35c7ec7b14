import type { Graph, Tensor } from './graph';
import { gemm, toFloat16, toFloat32 } from './operators';
import { rewrite } from './rewrite';
import { dependsOnInput, isFixedLinear } from './varying';

/** Largest magnitude of a float16. */
const LARGEST_HALF = 65_504;

/**
 * A copy of a graph whose linear layers with fixed weights multiply in float16, inputs and results rounded to it; all else stays in float32,
 * norms, attention and the anomaly map among it, which float16 is too coarse for.
 */
export function halveLinears(graph: Graph): Graph {
	const varying = dependsOnInput(graph);
	return rewrite(graph, (node, [x, weight, bias]) => {
		if (!isFixedLinear(node, varying) || !x || !weight) return null;
		return [halfLinear(x, weight, bias ?? null)];
	});
}

/** What float16 cannot hold is clipped, since one infinite value would spoil the whole image. */
function halfLinear(x: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
	const half = (tensor: Tensor): Tensor => toFloat16(tensor, LARGEST_HALF);
	return toFloat32(gemm(half(x), half(weight), bias && half(bias), { transposeB: true }));
}
