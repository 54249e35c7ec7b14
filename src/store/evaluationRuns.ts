import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DinomalyError } from '../errors';
import { writeFileAtomic } from '../files/atomicFile';
import { whenMissing } from '../files/diskError';
import { readRunFile, type EvaluationRun } from './evaluationRun';
import { isName, validateName } from './names';
import { requiredConnection } from './objects/connections';
import { RemoteRuns } from './objects/remoteRuns';
import { realPathInside, storeLayout } from './paths';
import { isRunId } from './runId';

export interface RunFilter {
	/** Only runs on these test images. */
	readonly fingerprint?: string | null;
	readonly source?: EvaluationRun['source'];
	/** Only runs of this version of the model. */
	readonly version?: string;
	/** Only runs older than this one. */
	readonly before?: string;
	/** Only runs that this holds for. */
	readonly where?: (run: EvaluationRun) => boolean;
}

/** A run of a list, or why it cannot be read. */
export type ListedRun =
	{ readonly id: string; readonly run: EvaluationRun } | { readonly id: string; readonly problem: string };

/** Runs that the error about a missing one names. */
const NAMED_RUNS = 3;

/** The evaluations of the store that a folder stands for. */
export function openEvaluationRuns(folder: string): EvaluationRuns {
	const connection = requiredConnection(folder);
	return new EvaluationRuns(folder, connection && new RemoteRuns(connection));
}

/** The evaluations of a store: one file for each run, `evaluations/<model>/<run id>.json`. */
export class EvaluationRuns {
	readonly #root: string;
	readonly #folder: string;

	/** `store` is the store's folder, in which nothing is made before the first run is recorded; `remote` is where the runs really are, if not there. */
	constructor(
		store: string,
		private readonly remote?: RemoteRuns,
	) {
		const { root } = storeLayout(store);
		this.#root = root;
		this.#folder = join(root, 'evaluations');
	}

	/** Writes a run, whole or not at all, and returns its path. Throws DISK_FULL or CONFIG_INVALID. */
	async record(run: EvaluationRun): Promise<string> {
		const path = this.#pathOf(run.model.name, run.id);
		const notices = run.notices.map((message) => ({ message }));
		const text = `${JSON.stringify({ ...run, notices })}\n`;
		await this.remote?.add(run.model.name, run.id, text);
		await writeFileAtomic(path, text);
		return path;
	}

	/** Models that have been evaluated, by name. */
	async models(): Promise<string[]> {
		const names = (await this.remote?.models()) ?? (await whenMissing(readdir(this.#folder), []));
		return names.filter((name) => isName(name, 'model')).sort();
	}

	/** Ids of a model's runs, newest first. */
	async list(model: string): Promise<string[]> {
		const folder = this.#modelFolder(model);
		const names = (await this.remote?.list(model)) ?? (await whenMissing(readdir(folder), []));
		return names
			.filter((name) => name.endsWith('.json') && isRunId(name.slice(0, -'.json'.length)))
			.map((name) => name.slice(0, -'.json'.length))
			.sort()
			.reverse();
	}

	/** The newest runs of a model, newest first; a damaged one is there with its problem. */
	async newestOf(model: string, limit: number): Promise<ListedRun[]> {
		const ids = (await this.list(model)).slice(0, limit);
		return Promise.all(
			ids.map(async (id): Promise<ListedRun> => {
				try {
					return { id, run: await this.read(model, id) };
				} catch (error) {
					if (error instanceof DinomalyError) return { id, problem: error.message };
					throw error;
				}
			}),
		);
	}

	/** One run. Throws INPUT_MISSING when there is none of that id, MODEL_INVALID when it is damaged. */
	async read(model: string, id: string): Promise<EvaluationRun> {
		const known = await this.list(model);
		if (known.includes(id)) {
			const path = this.#pathOf(model, id);
			if (this.remote !== undefined) await this.#haveCopy(this.remote, { model, id, path });
			await realPathInside(this.#root, path);
			return readRunFile(path);
		}
		const some =
			known.length === 0
				? 'There is none yet: evaluate the model first.'
				: `The newest: ${known.slice(0, NAMED_RUNS).join(', ')}.`;
		throw new DinomalyError(
			'INPUT_MISSING',
			`Expected an evaluation of model "${model}" with the run id "${id}", found none`,
			{ hint: some },
		);
	}

	/** The newest run that passes the filter; damaged ones are passed over. */
	async newest(
		model: string,
		{ fingerprint, source, version, before, where }: RunFilter = {},
	): Promise<EvaluationRun | undefined> {
		for (const id of await this.list(model)) {
			if (before !== undefined && id >= before) continue;
			const run = await this.#readIfWhole(model, id);
			if (run === undefined) continue;
			if (source !== undefined && run.source !== source) continue;
			if (version !== undefined && run.model.version !== version) continue;
			// Unknown test images are never the same as others, not even as other unknown ones.
			if (
				fingerprint !== undefined &&
				(fingerprint === null || run.dataset.fingerprint !== fingerprint)
			)
				continue;
			if (where !== undefined && !where(run)) continue;
			return run;
		}
		return undefined;
	}

	/** Runs never change: a copy on this machine is as good as the run. */
	async #haveCopy(
		remote: RemoteRuns,
		{ model, id, path }: { readonly model: string; readonly id: string; readonly path: string },
	): Promise<void> {
		if ((await whenMissing(stat(path), undefined)) !== undefined) return;
		const text = await remote.get(model, id);
		if (text !== undefined) await writeFileAtomic(path, text);
	}

	async #readIfWhole(model: string, id: string): Promise<EvaluationRun | undefined> {
		try {
			return await this.read(model, id);
		} catch (error) {
			if (error instanceof DinomalyError) return undefined;
			throw error;
		}
	}

	#modelFolder(model: string): string {
		return join(this.#folder, validateName(model, 'model'));
	}

	#pathOf(model: string, id: string): string {
		return join(this.#modelFolder(model), `${id}.json`);
	}
}
