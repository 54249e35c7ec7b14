import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const PACKAGE_NAME = 'n8n-nodes-dinomaly';

/** The version of this package, from the nearest package.json that carries its name; "0.0.0" where there is none (a bundle). */
export function packageVersion(): string {
	for (let folder = __dirname; ; folder = dirname(folder)) {
		const found = readManifest(join(folder, 'package.json'));
		if (found?.name === PACKAGE_NAME && found.version !== undefined) return found.version;
		if (folder === dirname(folder)) return '0.0.0';
	}
}

function readManifest(file: string): { name?: string; version?: string } | undefined {
	try {
		return JSON.parse(readFileSync(file, 'utf8')) as { name?: string; version?: string };
	} catch {
		return undefined; // most folders on the way up have none
	}
}
