/**
 * How many keys lie above a key that only ever falls, over any number of ascending arrays: walking several of them side by side takes
 * no memory, which merging them would.
 */
export class FallingCount {
	readonly total: number;
	readonly #arrays: readonly Uint32Array[];
	/** Of each array, how many keys have not been passed yet. */
	readonly #left: number[];

	constructor(arrays: readonly Uint32Array[]) {
		this.#arrays = arrays;
		this.#left = arrays.map((keys) => keys.length);
		this.total = this.#left.reduce((sum, length) => sum + length, 0);
	}

	/** Keys greater than `key`, which must not be greater than at any call before. */
	above(key: number): number {
		let count = 0;
		for (let a = 0; a < this.#arrays.length; a++) {
			const keys = this.#arrays[a];
			let left = this.#left[a];
			while (left > 0 && keys[left - 1] > key) left--;
			this.#left[a] = left;
			count += keys.length - left;
		}
		return count;
	}

	/** Keys greater than or equal to `key`, which must not be greater than at any call before. */
	atLeast(key: number): number {
		let count = 0;
		for (let a = 0; a < this.#arrays.length; a++) {
			const keys = this.#arrays[a];
			let left = this.#left[a];
			while (left > 0 && keys[left - 1] >= key) left--;
			this.#left[a] = left;
			count += keys.length - left;
		}
		return count;
	}
}
