import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Makes a temporary folder with the given files; names ending in a slash are empty folders. */
export function makeFolder(
	files: Readonly<Record<string, string>> | readonly string[],
	name = 'data',
): string {
	const root = path.join(realpathSync(mkdtempSync(path.join(os.tmpdir(), 'dinomaly-'))), name);
	mkdirSync(root);
	created.push(path.dirname(root));
	const entries: [string, string][] = Array.isArray(files)
		? files.map((file: string) => [file, file])
		: Object.entries(files as Record<string, string>);
	for (const [file, content] of entries) {
		const target = path.join(root, file);
		mkdirSync(file.endsWith('/') ? target : path.dirname(target), { recursive: true });
		if (!file.endsWith('/')) writeFileSync(target, content);
	}
	return root;
}

export function removeFolders(): void {
	for (const folder of created.splice(0)) rmSync(folder, { recursive: true, force: true });
}

const created: string[] = [];
