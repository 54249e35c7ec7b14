import { isVersion } from '../names';

/** One empty object for each model that is or was, so that their names are one short list. */
export const NAMES = 'names/';

/** What the documents of a model's versions lie under. */
export function versionsKey(name: string): string {
	return `${baseOf(name)}versions/`;
}

export function versionKey(name: string, version: string): string {
	return `${versionsKey(name)}${version}.json`;
}

/** What the files of a model's uploads lie under. */
export function uploadsKey(name: string): string {
	return `${baseOf(name)}uploads/`;
}

export function uploadKey(name: string, upload: string, file: string): string {
	return `${uploadsKey(name)}${upload}/${file}`;
}

export function ledgerKey(name: string): string {
	return `${baseOf(name)}ledger.json`;
}

/** What the shared checkpoint of a model's training lies under. */
export function checkpointsKey(name: string): string {
	return `checkpoints/${name}/`;
}

export function checkpointKey(name: string, file: string): string {
	return `${checkpointsKey(name)}${file}`;
}

/** The number of a version's document by its name below `versionsKey`; 0 for what is none. */
export function numberOf(file: string): number {
	const version = file.endsWith('.json') ? file.slice(0, -'.json'.length) : '';
	return isVersion(version) ? Number(version) : 0;
}

function baseOf(name: string): string {
	return `models/${name}/`;
}
