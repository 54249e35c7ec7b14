import { mkdir, open, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { flushFolder, removeTree, writeFileAtomic } from '../files/atomicFile';
import { explainWriteError, whenMissing } from '../files/diskError';
import { checkSchema, JsonFields, readJson } from './jsonFields';
import { newMove, readMove } from './aliasMove';
import { isName, isVersion } from './names';
import type { AliasMove, MoveReason } from './modelStore';

const SCHEMA_VERSION = 1;
const MAX_ALIAS_BYTES = 64 << 10;
const HISTORY_FILE = 'history.jsonl';
const NEWLINE = 0x0a;

/** The aliases of one model: a small file for each, and a history that is only ever added to. Moves need the model's lock. */
export class AliasBook {
	readonly historyFile: string;

	constructor(readonly folder: string) {
		this.historyFile = join(folder, HISTORY_FILE);
	}

	/** Alias to version, by name. */
	async all(): Promise<Record<string, string>> {
		const aliases: Record<string, string> = {};
		for (const file of (await whenMissing(readdir(this.folder), [])).sort()) {
			const alias = file.endsWith('.json') ? file.slice(0, -'.json'.length) : '';
			if (!isName(alias, 'alias')) continue;
			const version = await this.versionOf(alias);
			if (version !== undefined) aliases[alias] = version;
		}
		return aliases;
	}

	/** Undefined when the alias is not set. */
	async versionOf(alias: string): Promise<string | undefined> {
		const path = this.pathOf(alias);
		const fields = await whenMissing(readJson(path, MAX_ALIAS_BYTES), undefined);
		if (fields === undefined) return undefined;
		checkSchema(fields, SCHEMA_VERSION, path);
		const version = fields.text('version');
		if (!isVersion(version)) throw fields.unexpected('version', 'a version such as "1"');
		return version;
	}

	/**
	 * Points `alias` at `version`, or takes it away (null). The line of history comes first: when the disk is full nothing moves, and no
	 * move is ever missing from it.
	 */
	async move(alias: string, to: string | null, reason: MoveReason = {}): Promise<AliasMove> {
		const from = (await this.versionOf(alias)) ?? null;
		const move = newMove(alias, { from, to }, reason);
		await this.record(move);
		if (to === null) {
			await removeTree(this.pathOf(alias));
		} else {
			const content = { schemaVersion: SCHEMA_VERSION, alias, version: to, at: move.at };
			await writeFileAtomic(this.pathOf(alias), `${JSON.stringify(content)}\n`);
		}
		return move;
	}

	/** Oldest first. A line that a crash cut short is left out. */
	async history(): Promise<AliasMove[]> {
		const path = this.historyFile;
		const moves: AliasMove[] = [];
		for (const line of (await whenMissing(readFile(path, 'utf8'), '')).split('\n')) {
			const fields = parseLine(line, path);
			if (fields !== undefined) moves.push(readMove(fields));
		}
		return moves;
	}

	private async record(move: AliasMove): Promise<void> {
		const path = this.historyFile;
		try {
			await mkdir(dirname(path), { recursive: true });
			const file = await open(path, 'a+');
			try {
				// A line cut short by a crash must not swallow this one.
				const { size } = await file.stat();
				const { buffer } = await file.read(Buffer.alloc(1), 0, 1, Math.max(0, size - 1));
				const start = size > 0 && buffer[0] !== NEWLINE ? '\n' : '';
				await file.writeFile(`${start}${JSON.stringify(move)}\n`);
				await file.sync();
			} finally {
				await file.close();
			}
			await flushFolder(dirname(path));
		} catch (error) {
			throw await explainWriteError(error, path);
		}
	}

	private pathOf(alias: string): string {
		return join(this.folder, `${alias}.json`);
	}
}

function parseLine(line: string, source: string): JsonFields | undefined {
	try {
		return new JsonFields(JSON.parse(line), source);
	} catch {
		return undefined;
	}
}
