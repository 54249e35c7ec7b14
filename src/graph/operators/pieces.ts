import { DinomalyError } from '../../errors';
import { Graph, type Tensor } from '../graph';
import { sizeOf } from '../shape';
import { scale } from './elementwise';
import { behindViews, concat, firstOf, reshape } from './layout';

const BYTES = 4;
/** Pieces a quarter as large as wanted are still worth it. */
const LARGEST_EXCESS = 4;

/**
 * `work` on float32 operands, which treats every row (first axis) alone and keeps their number. On a processor, large operands go through it in
 * pieces, one after the other (ONNX Scan): what lies between its operators then stays in the cache, where going through all rows operator by
 * operator would send it to memory and back. The result is the same to rounding. Where the graph asks for no pieces, operands are broadcast along
 * rows, or the rows are few or a prime number, it is done at once. It cannot be differentiated.
 *
 * It also waits for the gradients of weights that were recorded before it. Nothing else needs these before the optimizer, and ONNX Runtime, which goes
 * back from the results, would leave them to the end, with all that they are made of kept until then: nearly a third of a training
 * step's memory (docs/decisions/0012-gradients-in-time.md).
 */
export function inPieces(operands: readonly Tensor[], work: (...pieces: Tensor[]) => Tensor): Tensor {
	return allInPieces(operands, (...pieces) => [work(...pieces)])[0];
}

/** As `inPieces`, for work with several results. */
export function allInPieces(
	operands: readonly Tensor[],
	work: (...pieces: Tensor[]) => readonly Tensor[],
): readonly Tensor[] {
	const [{ graph, shape: first }] = operands;
	const [rows = 1] = first;
	const areAlike = operands.every(({ shape }) => shape.length === first.length && shape[0] === first[0]);
	const rowBytes = Math.max(...operands.map(({ shape }) => (BYTES * sizeOf(shape)) / rows));
	const count = pieceCount(rows, Math.floor(graph.pieceBytes / rowBytes));
	if (!areAlike || count === 1) return work(...operands);
	const body = new Graph();
	const name = `piece${graph.nodes.length}`;
	const ties = tiesTo(graph.loose.splice(0));
	const tied = ties && body.input(`${name}.ties`, ties.dtype, ties.shape);
	const pieces = operands.map(({ dtype, shape }, i) =>
		body.input(`${name}.${i}`, dtype, [rows / count, ...shape.slice(1)]),
	);
	const done = work(...pieces);
	if (tied) body.output(`${name}.tied`, scale(tied, 0));
	for (const [i, result] of done.entries()) body.output(`${name}.done${i}`, result);
	const scanned = graph.emit({
		opType: 'Scan',
		inputs: [
			...(ties ? [ties] : []),
			...operands.map((operand) => reshape(operand, [count, rows / count, ...operand.shape.slice(1)])),
		],
		outputs: [
			...(ties ? [ties] : []),
			...done.map(({ dtype, shape }) => ({ dtype, shape: [count, ...shape] })),
		],
		attributes: { body: { body }, num_scan_inputs: operands.length },
		gradient: () => {
			throw new DinomalyError('GRAPH_SHAPE', 'Scan: work in pieces cannot be differentiated');
		},
		unique: true,
	});
	return scanned.slice(ties ? 1 : 0).map((result, i) => reshape(result, [rows, ...done[i].shape.slice(1)]));
}

/** One number of each, so that what takes them comes after all of them; null when there are none. */
function tiesTo(tensors: readonly Tensor[]): Tensor | null {
	if (tensors.length === 0) return null;
	return concat(
		tensors.map((tensor) => reshape(firstOf(behindViews(tensor).base), [1])),
		0,
	);
}

/** Number of equal pieces of at most `most` rows, as few as possible; 1 where pieces would be far smaller than that. */
function pieceCount(rows: number, most: number): number {
	if (most < 1 || rows <= most) return 1;
	const least = Math.ceil(rows / most);
	for (let count = least; count <= LARGEST_EXCESS * least; count++) if (rows % count === 0) return count;
	return 1;
}
