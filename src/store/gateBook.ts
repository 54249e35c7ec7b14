import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../files/atomicFile';
import { whenMissing } from '../files/diskError';
import { readJson } from './jsonFields';
import { isName } from './names';
import { GATE_SCHEMA_VERSION, parseGate, type PromotionGate } from './promotionGate';

const MAX_GATE_BYTES = 1 << 20;

/** The gates of one model's aliases, a small file for each. Setting one needs the model's lock. */
export class GateBook {
	constructor(readonly folder: string) {}

	/** By alias. Throws MODEL_INVALID for a damaged one: a gate that cannot be read must not stand open. */
	async all(): Promise<Record<string, PromotionGate>> {
		const gates: Record<string, PromotionGate> = {};
		for (const file of (await whenMissing(readdir(this.folder), [])).sort()) {
			const alias = file.endsWith('.json') ? file.slice(0, -'.json'.length) : '';
			if (!isName(alias, 'alias')) continue;
			const path = join(this.folder, file);
			const fields = await whenMissing(readJson(path, MAX_GATE_BYTES), undefined);
			if (fields !== undefined) gates[alias] = parseGate(fields, path);
		}
		return gates;
	}

	async set(alias: string, gate: PromotionGate): Promise<void> {
		const content = { schemaVersion: GATE_SCHEMA_VERSION, ...gate };
		await writeFileAtomic(join(this.folder, `${alias}.json`), `${JSON.stringify(content)}\n`);
	}
}
