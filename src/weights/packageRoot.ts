import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DinomalyError } from '../errors';

const PACKAGE_NAME = 'n8n-nodes-dinomaly';

/** Folder of this package, whether the code runs compiled from `dist` or from its sources; throws ENCODER_INVALID when it is not there. */
export function packageRoot(from = __dirname): string {
	for (let folder = from; ; folder = dirname(folder)) {
		if (packageName(folder) === PACKAGE_NAME) return folder;
		if (dirname(folder) === folder) break;
	}
	throw new DinomalyError(
		'ENCODER_INVALID',
		`Expected the files of ${PACKAGE_NAME} around ${from}, found no such package`,
		{
			hint: 'Install the package with npm instead of copying or bundling parts of it.',
		},
	);
}

function packageName(folder: string): unknown {
	try {
		const value: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
		return typeof value === 'object' && value !== null && 'name' in value ? value.name : undefined;
	} catch {
		return undefined; // no package.json here: look further up
	}
}
