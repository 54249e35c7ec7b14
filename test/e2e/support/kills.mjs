// Who kills workers, when, and what they were at.
import { untilTrue } from '../../../scripts/n8n/client.mjs';
import { untilTraining } from './jobs.mjs';

const BUSY_MS = 120_000;

/** Kills workers of a crew; each gets a successor at once. `random()` gives numbers in [0, 1). */
export class Kills {
	/** In words, for the record. */
	done = [];
	#crew;
	#random;
	#successors = [];

	constructor(crew, random) {
		this.#crew = crew;
		this.#random = random;
	}

	/** Kills a worker of the kind that has work in hand, up to `withinMs` later. */
	async busy(kind, withinMs) {
		const worker = await untilTrue(`a busy ${kind} worker`, BUSY_MS, () =>
			this.#pick(this.#crew.living(kind).filter((one) => inHand(one).length > 0)),
		);
		await this.#soon(worker, withinMs);
	}

	/** Kills any worker, up to `withinMs` from now. */
	async any(withinMs) {
		const worker = this.#pick(this.#crew.living());
		if (worker !== undefined) await this.#soon(worker, withinMs);
	}

	/** Kills the n8n worker that works on a training of the model, once that has done some iterations. */
	async trainerOf(store, model) {
		const worker = await untilTrue(`a worker that trains ${model}`, BUSY_MS, async () => {
			const { owner } = await untilTraining(store, model, 10);
			return this.#crew.living('n8n').find(({ pid }) => pid === owner.pid);
		});
		await this.#soon(worker, 0);
	}

	/** Kills the engine worker that has a training in hand. */
	async trainingEngine(withinMs) {
		const worker = await untilTrue('an engine worker that trains', BUSY_MS, () =>
			this.#crew.living('engine').find((one) => inHand(one).some((task) => task.startsWith('train'))),
		);
		await this.#soon(worker, withinMs);
	}

	/** Waits until all successors are there. */
	async settled() {
		await Promise.all(this.#successors);
	}

	async #soon(worker, withinMs) {
		await new Promise((resolve) => setTimeout(resolve, this.#random() * withinMs));
		if (!this.#crew.living().includes(worker)) return;
		await this.#crew.kill(worker);
		this.done.push(`${worker.name} (${inHand(worker).join(', ') || 'nothing in hand'})`);
		// A container that restarts finds its files again, a new one does not.
		const folder = this.#random() < 0.5 ? worker.folder : undefined;
		this.#successors.push(this.#crew.add(worker.kind, folder));
	}

	#pick(workers) {
		return workers[Math.floor(this.#random() * workers.length)];
	}
}

/** What a worker's log says that it has begun and not ended: executions, or long tasks of an engine worker. */
export function inHand({ kind, said }) {
	const [begun, ended] =
		kind === 'n8n'
			? [/Worker started (execution \d+)/g, /Worker finished (execution \d+)/g]
			: [/(?:begins|goes on with) (\w+ [0-9a-f]{8})/g, /(?:has done|ends|hands) (\w+ [0-9a-f]{8})/g];
	const open = new Set(matches(said(), begun));
	for (const name of matches(said(), ended)) open.delete(name);
	return [...open];
}

/** A linear congruential generator. */
export function randomFrom(seed) {
	let state = seed >>> 0;
	return () => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return state / 2 ** 32;
	};
}

function matches(text, pattern) {
	return [...text.matchAll(pattern)].map(([, name]) => name);
}
