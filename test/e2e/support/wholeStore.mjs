// Whether a model store is whole after processes that worked on it were killed.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { root } from '../../../scripts/setup.mjs';
import { isAlive } from './processes.mjs';

const require = createRequire(path.join(root, 'dist', 'src', 'index.js'));

/** What writers leave when they are killed, and what nobody reads: swept by whoever writes there next, or after a day. */
const UNFINISHED = /(^|\/)\.[^/]*\.(tmp|new)$|^models\/\.staging\/|^exchange\//;

/**
 * Fails unless every version of every model is whole, every JSON document of the store can be read, every lock can be taken at once, and
 * nothing unfinished lies in a version. @returns how many versions there are, and the unfinished files that are left
 */
export async function assertWhole(store) {
	const { openModelStore } = require('./store/openModelStore.js');
	await assertLocksAreFree(path.join(store, 'locks'));
	const models = openModelStore(store);
	let versions = 0;
	for (const { name } of await models.list()) {
		for (const { version, problem } of await models.versions(name)) {
			assert.equal(problem, undefined, `${name}@${version}`);
			// Every file against its hash.
			await models.open(`${name}@${version}`);
			versions++;
		}
	}
	const files = readdirSync(store, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => path.relative(store, path.join(entry.parentPath, entry.name)));
	const left = files.filter((file) => UNFINISHED.test(file));
	assert.deepEqual(
		left.filter((file) => /^models\/[^.][^/]*\/versions\//.test(file)),
		[],
		'unfinished files in versions',
	);
	for (const file of files.filter((name) => name.endsWith('.json') && !left.includes(name)))
		assert.doesNotThrow(() => JSON.parse(readFileSync(path.join(store, file), 'utf8')), file);
	assert.deepEqual(
		files.filter((file) => /\.damaged(\.json)?$/.test(file)),
		[],
		'documents that were set aside',
	);
	return { versions, left };
}

/** What an alarm memory counted, summed over its keys and days. */
export async function countedBy(store, owner) {
	const { alarmMemory } = require('./routing/alarm/alarmMemory.js');
	const { value, notice } = await alarmMemory(store, owner).book.read();
	assert.equal(notice, undefined);
	const days = [...(value ?? new Map()).values()].flatMap((memory) => memory.days);
	const sum = (field) => days.reduce((total, day) => total + day[field], 0);
	return { parts: sum('parts'), alarms: sum('alarms') };
}

/** What is done for somebody who was killed is given up, or comes to its end, within this time. */
const LONGEST_WORK_MS = 120_000;

/**
 * A lock whose holder was killed is taken by the next who wants it: without waiting, on this machine. One whose holder lives is free in the
 * end: an engine worker trains on for an n8n worker that was killed until it notices.
 */
async function assertLocksAreFree(folder) {
	const { withLock } = require('./store/lock.js');
	const until = Date.now() + LONGEST_WORK_MS;
	for (const name of existsSync(folder) ? readdirSync(folder) : []) {
		const take = () => withLock(path.join(folder, name), { what: `the lock ${name}` }, async () => true);
		const isBusy = (error) => {
			const [, holder] = /by process (\d+) /.exec(error.message) ?? [];
			if (error.code !== 'STORE_BUSY' || !isAlive(Number(holder)) || Date.now() > until) throw error;
			return false;
		};
		while (!(await take().catch(isBusy))) await setTimeout(500);
	}
}
