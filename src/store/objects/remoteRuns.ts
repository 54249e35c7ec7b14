import { Bucket } from './bucket';
import type { StoreConnection } from './connection';

const START = 'evaluations/';

/** Evaluations in object storage: one object for each, `evaluations/<model>/<run id>.json`, which never changes. */
export class RemoteRuns {
	readonly #bucket: Bucket;

	constructor(connection: StoreConnection) {
		this.#bucket = new Bucket(connection);
	}

	async add(model: string, id: string, text: string): Promise<void> {
		await this.#bucket.put(`${START}${model}/${id}.json`, Buffer.from(text));
	}

	/** Undefined when there is no such run. */
	async get(model: string, id: string): Promise<Buffer | undefined> {
		return (await this.#bucket.get(`${START}${model}/${id}.json`))?.bytes;
	}

	/** Names of the files of a model's runs. */
	async list(model: string): Promise<string[]> {
		const start = `${START}${model}/`;
		return (await this.#bucket.list(start)).map(({ key }) => key.slice(start.length));
	}

	/** Models that have been evaluated. */
	async models(): Promise<string[]> {
		const keys = (await this.#bucket.list(START)).map(({ key }) => key.slice(START.length));
		return [...new Set(keys.map((key) => key.split('/')[0]))];
	}
}
