import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { DinomalyError } from '../errors';
import { parseZones, type ZonesRequest } from '../zones/zonesRequest';
import { text } from './flags';

/** Where the model is to look. */
export const ZONES_FLAG = {
	zones: text('FILE', 'JSON file of zones to inspect or to ignore, in pixels of the image (docs/zones.md)'),
};

/** The zones of a file; masks that it names count from its folder. @throws INPUT_MISSING, CONFIG_INVALID */
export async function readZonesFile(file: string): Promise<ZonesRequest> {
	return parseZones(await readJson(file), (mask) => resolve(dirname(file), mask));
}

async function readJson(file: string): Promise<unknown> {
	let content: string;
	try {
		content = await readFile(file, 'utf8');
	} catch (cause) {
		throw new DinomalyError(
			'INPUT_MISSING',
			`Expected a zones file at ${file}, found none that can be read`,
			{
				hint: 'docs/zones.md shows one.',
				cause,
			},
		);
	}
	try {
		return JSON.parse(content) as unknown;
	} catch (cause) {
		throw new DinomalyError(
			'CONFIG_INVALID',
			`Expected the zones file ${file} to hold JSON, found something else`,
			{
				hint: 'docs/zones.md shows one: mind the quotes and commas.',
				cause,
			},
		);
	}
}
