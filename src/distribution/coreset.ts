import { distanceBetween } from './embedding';

/**
 * Chooses vectors that stand for all of them: the one nearest to their mean first, then again and again the one that is furthest from all
 * chosen ones (Gonzalez 1985), so that no vector is further from a chosen one than twice the least distance that any choice could reach.
 * Vectors that equal a chosen one are never chosen.
 *
 * @returns positions of at most `count` vectors, in the order of their choice
 */
export function chooseCoreset(vectors: readonly Float32Array[], count: number): number[] {
	if (vectors.length === 0 || count < 1) return [];
	const chosen: number[] = [];
	const distances = new Float64Array(vectors.length).fill(Infinity);
	let next = nearestToMean(vectors);
	do {
		chosen.push(next);
		const centre = vectors[next];
		let furthest = 0;
		for (let i = 0; i < vectors.length; i++) {
			const distance = distanceBetween(vectors[i], centre);
			if (distance < distances[i]) distances[i] = distance;
			if (distances[i] > furthest) {
				furthest = distances[i];
				next = i;
			}
		}
		if (furthest === 0) break;
	} while (chosen.length < count);
	return chosen;
}

function nearestToMean(vectors: readonly Float32Array[]): number {
	const mean = new Float32Array(vectors[0].length);
	for (const vector of vectors) for (let i = 0; i < mean.length; i++) mean[i] += vector[i] / vectors.length;
	let [nearest, least] = [0, Infinity];
	for (const [i, vector] of vectors.entries()) {
		const distance = distanceBetween(vector, mean);
		if (distance < least) [nearest, least] = [i, distance];
	}
	return nearest;
}

/** Distance of each vector to the nearest of the chosen ones that is not itself. Infinite where there is no other. */
export function distancesToOthers(vectors: readonly Float32Array[], chosen: readonly number[]): Float64Array {
	return Float64Array.from(vectors, (vector, i) => {
		let least = Infinity;
		for (const centre of chosen)
			if (centre !== i) least = Math.min(least, distanceBetween(vector, vectors[centre]));
		return least;
	});
}
