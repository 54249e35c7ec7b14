// Where a secret could have been written down.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/** Fails when the text stands in any file of n8n's user folder: its log and database, executions and our store. */
export function assertInNoFile(folder, text) {
	for (const file of filesIn(folder)) assert.ok(!contentOf(file).includes(text), file);
}

function filesIn(folder) {
	const files = readdirSync(folder, { recursive: true })
		.map((name) => path.join(folder, name))
		.filter(
			(file) => !file.includes('node_modules') && statSync(file, { throwIfNoEntry: false })?.isFile(),
		);
	assert.ok(files.some((file) => file.endsWith('.log')));
	assert.ok(files.some((file) => file.endsWith('database.sqlite')));
	return files;
}

/** Empty for a file that is gone by now: others use this n8n too. */
function contentOf(file) {
	return existsSync(file) ? readFileSync(file) : '';
}
