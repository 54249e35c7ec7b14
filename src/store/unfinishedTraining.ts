import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DinomalyError } from '../errors';
import { removeTree } from '../files/atomicFile';
import { CheckpointFolder } from './checkpoints';
import { explainWriteError, whenMissing } from '../files/diskError';
import { acquireLock } from './lock';
import { isName, validateName } from './names';
import { Bucket } from './objects/bucket';
import { connectionOf } from './objects/connections';
import { SharedCheckpoints } from './objects/sharedCheckpoints';
import { realPathInside, storeLayout } from './paths';

/** A training under way or cut off, held by this process until `end`. */
export interface UnfinishedTraining {
	/** Anything else about the training may be kept here. */
	readonly folder: string;
	readonly checkpoints: CheckpointFolder;
	/** Where other machines find how far it is; undefined where it stays on this machine. */
	readonly shared: SharedCheckpoints | undefined;
	/** Throws STORE_BUSY when another process took over, as it may after this machine slept: ask before writing. */
	assertHeld(): Promise<void>;
	/** Forgets checkpoints and all: the training is finished, or starts anew. */
	discard(): Promise<void>;
	/** Lets go; what is there can be resumed. */
	end(): Promise<void>;
}

/**
 * Starts or resumes the training of a model in a store, for one process at a time; throws STORE_BUSY while another one trains it. With `shares`
 * its checkpoints go to object storage, where the store is in some.
 */
export async function openTraining(
	store: string,
	model: string,
	{ shares = false }: { readonly shares?: boolean } = {},
): Promise<UnfinishedTraining> {
	const layout = storeLayout(store);
	const what = `the training of model "${validateName(model, 'model')}"`;
	const lock = await acquireLock(join(layout.locks, `training-${model}`), { what });
	const folder = join(layout.training, model);
	try {
		await makeInside(layout.root, folder);
	} catch (error) {
		await lock.release();
		throw error;
	}
	const connection = shares ? connectionOf(store) : undefined;
	const shared = connection && new SharedCheckpoints(new Bucket(connection), model);
	return {
		folder,
		shared,
		checkpoints: new CheckpointFolder(join(folder, 'checkpoints')),
		assertHeld: async () => {
			if (await lock.isHeld()) return;
			throw new DinomalyError(
				'STORE_BUSY',
				`Expected to hold ${what}, found that another process took it over`,
				{
					hint: 'This process gave no sign of life for a minute (a sleeping machine, perhaps); the other one goes on from its checkpoint.',
				},
			);
		},
		discard: async () => {
			await removeTree(folder);
			await makeInside(layout.root, folder);
			// What stays there when the server is away is replaced by the next training of the model.
			await shared?.clear().catch(() => undefined);
		},
		end: () => lock.release(),
	};
}

/** Names of the models with a training that can be resumed, those under way included. */
export async function listUnfinished(store: string): Promise<string[]> {
	const { training } = storeLayout(store);
	const unfinished: string[] = [];
	for (const name of (await whenMissing(readdir(training), [])).sort()) {
		if (!isName(name, 'model')) continue;
		const files = await whenMissing(readdir(join(training, name, 'checkpoints')), []);
		if (files.some((file) => file.startsWith('step-'))) unfinished.push(name);
	}
	return unfinished;
}

async function makeInside(root: string, folder: string): Promise<void> {
	try {
		await mkdir(folder, { recursive: true });
	} catch (error) {
		throw await explainWriteError(error, folder);
	}
	await realPathInside(root, folder);
}
