import { caseTwin } from '../missing';
import { isName } from '../names';
import type { Bucket } from './bucket';
import { NAMES } from './keys';

/** The list of the models that are or were in a bucket. */
export class ModelNames {
	constructor(private readonly bucket: Bucket) {}

	/** By name, those without versions too. */
	async all(): Promise<string[]> {
		const listed = await this.bucket.list(NAMES);
		return listed.map(({ key }) => key.slice(NAMES.length)).filter((name) => isName(name, 'model'));
	}

	/** Puts a name on the list. Throws MODEL_EXISTS for one that local copies on Windows and macOS would take for another. */
	async register(name: string): Promise<void> {
		const names = await this.all();
		if (names.includes(name)) return;
		const twin = names.find((other) => other.toLowerCase() === name.toLowerCase());
		if (twin !== undefined) throw caseTwin(name, twin);
		await this.bucket.put(`${NAMES}${name}`, Buffer.alloc(0));
	}
}
