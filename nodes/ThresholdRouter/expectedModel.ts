import type { IExecuteFunctions } from 'n8n-workflow';
import { openModelStore } from '../../src/store/openModelStore';
import { parseRef } from '../../src/store/names';
import { readStore } from '../shared/store';
import { readText } from './fields';
import { InvalidItem } from './invalidItem';
import { shownValue } from '../../src/shownValue';

/** The model that scores must come from; an alias is looked up once for all items of an execution. */
export class ExpectedModel {
	readonly #context: IExecuteFunctions;
	readonly #versions = new Map<string, Promise<string>>();

	constructor(context: IExecuteFunctions) {
		this.#context = context;
	}

	/** Throws InvalidItem when the score of item `index` comes from another model, MODEL_NOT_FOUND for an alias that is not set. */
	async check(index: number): Promise<void> {
		const reference = readText(this.#context, index, { name: 'options.expectedModel' });
		if (reference === '') return;
		const { name, ...rest } = parseRef(reference);
		const { model, version } = this.#context.getInputData()[index].json;
		const hint = 'Score the image with this model, or correct Expected Model under Options.';
		if (typeof model !== 'string')
			throw new InvalidItem({
				message: `Expected a score of model "${name}", found one that names no model`,
				hint,
			});
		if (model !== name)
			throw new InvalidItem({
				message: `Expected a score of model "${name}", found one of model "${model}"`,
				hint,
			});
		if (rest.kind === 'name') return;
		const expected = await this.#versionOf(index, reference);
		const found = typeof version === 'number' ? String(version) : version;
		if (found === expected) return;
		const alias = rest.kind === 'alias' ? ` (${rest.alias})` : '';
		throw new InvalidItem({
			message: `Expected a score of model "${name}" version ${expected}${alias}, found one of ${found === undefined ? 'no version' : `version ${shownValue(found)}`}`,
			hint,
		});
	}

	async #versionOf(index: number, reference: string): Promise<string> {
		const parsed = parseRef(reference);
		if (parsed.kind === 'version') return parsed.version;
		const store = await readStore(this.#context, index);
		const key = JSON.stringify([store, reference]);
		const known = this.#versions.get(key);
		if (known !== undefined) return known;
		const looked = openModelStore(store)
			.resolve(reference)
			.then(({ version }) => version);
		this.#versions.set(key, looked);
		return looked;
	}
}
