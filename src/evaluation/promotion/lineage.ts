import { DinomalyError } from '../../errors';
import type { EvaluationRuns } from '../../store/evaluationRuns';
import type { MetricValues } from '../../store/evaluationRun';
import type { AliasMove, ModelStore, OpenedModel } from '../../store/modelStore';
import { modelHash } from '../modelHash';

/** What a version came from, and what came of it. */
export interface Lineage {
	readonly model: string;
	readonly version: string;
	readonly created: string;
	readonly data: { readonly root: string; readonly fingerprint: string; readonly images: number };
	readonly encoder: { readonly name: string; readonly sha256: string };
	/** Versions that it was made from without training, the nearest first; those that are gone are named as they were. */
	readonly parents: readonly string[];
	/** Newest first. */
	readonly evaluations: readonly EvaluationOfLineage[];
	/** Moves of aliases to it or away from it, oldest first. */
	readonly moves: readonly AliasMove[];
}

export interface EvaluationOfLineage {
	readonly run: string;
	readonly dataset: string;
	readonly fingerprint: string | null;
	readonly mean: MetricValues;
}

const MOST_PARENTS = 100;
const MOST_EVALUATIONS = 50;

/** Traces a version back. Throws MODEL_NOT_FOUND, MODEL_INVALID or HASH_MISMATCH. */
export async function traceLineage(store: ModelStore, runs: EvaluationRuns, ref: string): Promise<Lineage> {
	const opened = await store.open(ref);
	const { name, version, card } = opened;
	const found = await runs.newestOf(name, MOST_EVALUATIONS);
	const own = found.flatMap((listed) =>
		'run' in listed && listed.run.model.version === version && listed.run.model.sha256 === modelHash(card)
			? [listed.run]
			: [],
	);
	return {
		model: name,
		version,
		created: card.created,
		data: {
			root: card.data.root,
			fingerprint: card.data.fingerprint,
			images: card.categories.reduce(
				(sum, { trainImages, calibrationImages }) => sum + trainImages + calibrationImages,
				0,
			),
		},
		encoder: { name: card.encoder.name, sha256: card.encoder.sha256 },
		parents: await parentsOf(store, opened),
		evaluations: own.map(({ id, dataset, mean }) => ({
			run: id,
			dataset: dataset.root,
			fingerprint: dataset.fingerprint,
			mean,
		})),
		moves: (await store.history(name)).filter(({ from, to }) => from === version || to === version),
	};
}

async function parentsOf(store: ModelStore, { card }: OpenedModel): Promise<string[]> {
	const parents: string[] = [];
	let { parent } = card;
	while (parent !== undefined && parents.length < MOST_PARENTS) {
		const ref = `${parent.name}@${parent.version}`;
		if (parents.includes(ref)) break; // an imported card may say anything
		parents.push(ref);
		parent = (await cardIfThere(store, parent))?.parent;
	}
	return parents;
}

async function cardIfThere(
	store: ModelStore,
	{ name, version }: { readonly name: string; readonly version: string },
): Promise<OpenedModel['card'] | undefined> {
	try {
		return (await store.versions(name)).find((one) => one.version === version)?.card;
	} catch (error) {
		if (error instanceof DinomalyError) return undefined;
		throw error;
	}
}
