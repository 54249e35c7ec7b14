import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { DinomalyError } from '../../errors';
import { readMove } from '../aliasMove';
import { checkSchema, JsonFields } from '../jsonFields';
import type { AliasMove } from '../modelStore';
import { isName, isVersion } from '../names';
import { GATE_SCHEMA_VERSION, parseGate, type PromotionGate } from '../promotionGate';
import type { Bucket } from './bucket';

/** What changes about a model in object storage, in one document, so that it changes in one step. */
export interface Ledger {
	/** Alias to version. */
	readonly aliases: Readonly<Record<string, string>>;
	/** Versions that were taken away. */
	readonly removed: readonly number[];
	/** Oldest first. */
	readonly history: readonly AliasMove[];
	readonly gates: Readonly<Record<string, PromotionGate>>;
}

/** A pure step; it is done again on what others have made of the ledger meanwhile. */
export type LedgerChange<R> = (ledger: Ledger) => { readonly ledger: Ledger; readonly result: R };

interface ReadLedger {
	readonly ledger: Ledger;
	/** Undefined when there is none yet. */
	readonly etag?: string;
	/** Made by who wrote it last. */
	readonly token?: string;
}

const SCHEMA_VERSION = 1;
/** Even with a hundred writers each gets its turn: one of them succeeds in every round. */
const TRIES = 200;
const LONGEST_PAUSE_MS = 250;
const EMPTY: Ledger = { aliases: {}, removed: [], history: [], gates: {} };

/** The ledger of one model: read whole, and replaced only if nobody else has replaced it since it was read. */
export class LedgerObject {
	constructor(
		private readonly bucket: Bucket,
		private readonly key: string,
	) {}

	/** Throws MODEL_INVALID when it is damaged: an alias or a gate must not be taken for unset. */
	async read(): Promise<Ledger> {
		return (await this.#load()).ledger;
	}

	/** Throws what `change` throws, and then leaves the ledger as it is; STORE_BUSY when others never let it through. */
	async update<R>(change: LedgerChange<R>): Promise<R> {
		const token = randomUUID();
		let written: R | undefined;
		let isWritten = false;
		for (let attempt = 1; attempt <= TRIES; attempt++) {
			const found = await this.#load();
			// An answer that was lost on its way: the write was done all the same.
			if (isWritten && found.token === token) return written as R;
			const { ledger, result } = change(found.ledger);
			const body = Buffer.from(`${JSON.stringify(print(ledger, token))}\n`);
			const condition =
				found.etag === undefined ? ({ ifAbsent: true } as const) : { ifMatch: found.etag };
			[written, isWritten] = [result, true];
			if ((await this.bucket.put(this.key, body, condition)) !== undefined) return result;
			await pause(Math.random() * Math.min(LONGEST_PAUSE_MS, 10 * attempt));
		}
		throw new DinomalyError(
			'STORE_BUSY',
			`Expected to change ${this.bucket.what}/${this.key}, found that others changed it ${TRIES} times meanwhile`,
			{ hint: 'Try again.' },
		);
	}

	async #load(): Promise<ReadLedger> {
		const found = await this.bucket.get(this.key);
		if (found === undefined) return { ledger: EMPTY };
		const source = `${this.bucket.what}/${this.key}`;
		const fields = parseDocument(found.bytes, source);
		return { ledger: parse(fields, source), etag: found.etag, token: fields.text('token') };
	}
}

/** The ledger after a move of an alias, and the move. */
export function moved(
	ledger: Ledger,
	move: AliasMove,
): { readonly ledger: Ledger; readonly result: AliasMove } {
	const others = Object.entries(ledger.aliases).filter(([alias]) => alias !== move.alias);
	const aliases = move.to === null ? others : [...others, [move.alias, move.to] as const];
	const sorted = Object.fromEntries([...aliases].sort(([a], [b]) => (a < b ? -1 : 1)));
	return { ledger: { ...ledger, aliases: sorted, history: [...ledger.history, move] }, result: move };
}

/** The object of a JSON document; throws MODEL_INVALID. */
export function parseDocument(bytes: Buffer, source: string): JsonFields {
	let value: unknown;
	try {
		value = JSON.parse(bytes.toString('utf8'));
	} catch {
		value = undefined;
	}
	return new JsonFields(value, source);
}

function print(ledger: Ledger, token: string): object {
	const gates = Object.fromEntries(
		Object.entries(ledger.gates).map(([alias, gate]) => [
			alias,
			{ schemaVersion: GATE_SCHEMA_VERSION, ...gate },
		]),
	);
	return { schemaVersion: SCHEMA_VERSION, token, ...ledger, gates };
}

function parse(fields: JsonFields, source: string): Ledger {
	checkSchema(fields, SCHEMA_VERSION, source);
	const aliases = fields.object('aliases');
	const gates = fields.object('gates');
	const aliasKeys = (object: JsonFields): string[] =>
		object.keys().map((key) => {
			if (isName(key, 'alias')) return key;
			throw object.unexpected(key, 'absent, since no alias has this name');
		});
	const versionOf = (alias: string): string => {
		const version = aliases.text(alias);
		if (isVersion(version)) return version;
		throw aliases.unexpected(alias, 'a version such as "1"');
	};
	return {
		aliases: Object.fromEntries(aliasKeys(aliases).map((alias) => [alias, versionOf(alias)])),
		removed: fields.numbers('removed'),
		history: fields.objects('history').map(readMove),
		gates: Object.fromEntries(
			aliasKeys(gates).map((alias) => [alias, parseGate(gates.object(alias), source)]),
		),
	};
}
