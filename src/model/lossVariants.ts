import {
	div,
	greaterOrEqual,
	hookGradient,
	minimum,
	mul,
	scale,
	sizeOf,
	sqrt,
	square,
	stopGradient,
	sub,
	sumAll,
	where,
	add,
	type Tensor,
} from '../graph';
import type { LossName } from './config';
import {
	distanceAtRank,
	globalDistance,
	hardOrFactor,
	looseLoss,
	mineHardPoints,
	pointDistance,
	sumOf,
	type HardMining,
} from './loss';

/** Deviations above the mean at which a point counts as hard (reference: global_cosine_hm, alpha=1). */
const HARD_DEVIATIONS = 1;

/** Group maps (patches, images, D) and how hard points are mined; null: all points weigh the same. */
export interface LossOperands {
	readonly targets: readonly Tensor[];
	readonly reconstructions: readonly Tensor[];
	readonly mining: HardMining | null;
}

/** The loss of that name (see LossName): a scalar. */
export function reconstructionLoss(name: LossName, operands: LossOperands): Tensor {
	const { targets, reconstructions, mining } = operands;
	switch (name) {
		case 'globalCosine':
			return looseLoss(targets, reconstructions, mining);
		case 'globalCosineDeviation':
			return sumOverGroups(operands, globalWith(mineDeviatingPoints));
		case 'globalCosineFocal':
			return sumOverGroups(operands, globalWith(focusOnHardPoints));
		case 'regionalCosine':
			return scale(sumOverGroups(operands, regionalMined), 1 / targets.length);
		case 'regionalCosineHardest':
			return sumOverGroups(operands, regionalHardest);
		case 'regionalCosineFocal':
			return sumOverGroups(operands, regionalFocal);
		case 'regionalCosineSum':
			return sumOverGroups({ ...operands, mining: null }, regionalMined);
	}
}

type GroupLoss = (target: Tensor, reconstruction: Tensor, mining: HardMining | null) => Tensor;
/** Gives the reconstruction another gradient. */
type Mine = (target: Tensor, reconstruction: Tensor, mining: HardMining) => Tensor;

function sumOverGroups({ targets, reconstructions, mining }: LossOperands, loss: GroupLoss): Tensor {
	return sumOf(targets.map((target, k) => loss(target, reconstructions[k], mining)));
}

function globalWith(mine: Mine): GroupLoss {
	return (target, reconstruction, mining) =>
		globalDistance(target, mining ? mine(target, reconstruction, mining) : reconstruction);
}

const mineDeviatingPoints: Mine = (target, reconstruction, { factor }) =>
	hookGradient(reconstruction, (g) => {
		const distance = stopGradient(pointDistance(target, reconstruction));
		const count = sizeOf(distance.shape);
		const mean = scale(sumAll(distance), 1 / count);
		const deviation = sqrt(scale(sumAll(square(sub(distance, mean))), 1 / (count - 1)));
		return mul(g, hardOrFactor(distance, add(mean, scale(deviation, HARD_DEVIATIONS)), factor));
	});

const focusOnHardPoints: Mine = (target, reconstruction, { rank }) =>
	hookGradient(reconstruction, (g) => mul(g, focalFactor(pointDistance(target, reconstruction), rank)));

function regionalMined(target: Tensor, reconstruction: Tensor, mining: HardMining | null): Tensor {
	return meanAll(
		pointDistance(target, mining ? mineHardPoints(target, reconstruction, mining) : reconstruction),
	);
}

function regionalHardest(target: Tensor, reconstruction: Tensor, mining: HardMining | null): Tensor {
	const distance = pointDistance(target, reconstruction);
	if (!mining) return meanAll(distance);
	const { graph } = distance;
	const isHard = greaterOrEqual(distance, stopGradient(distanceAtRank(distance, mining.rank)));
	const count = sumAll(where(isHard, graph.scalar(1), graph.scalar(0)));
	return div(sumAll(where(isHard, distance, graph.scalar(0))), count);
}

function regionalFocal(target: Tensor, reconstruction: Tensor, mining: HardMining | null): Tensor {
	const distance = pointDistance(target, reconstruction);
	return meanAll(mining ? mul(distance, focalFactor(distance, mining.rank)) : distance);
}

/** (min(d, t) / t)^2 with t the distance at the rank (reference: global_cosine_focal, alpha=2); no gradient flows. */
function focalFactor(distance: Tensor, rank: Tensor): Tensor {
	const threshold = distanceAtRank(distance, rank);
	return stopGradient(square(div(minimum(distance, threshold), threshold)));
}

function meanAll(x: Tensor): Tensor {
	return scale(sumAll(x), 1 / sizeOf(x.shape));
}
