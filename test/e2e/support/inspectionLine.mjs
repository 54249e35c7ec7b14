// A line of parts that are posted to a webhook, each with the verdict that it should get.
import assert from 'node:assert/strict';
import { postForm } from './post.mjs';
import { newPlate } from './plates.mjs';
import { NO_VERDICT } from './lostWorkers.mjs';

const PICTURES = 12;
const AT_ONCE = 3;
/** A line that never pauses leaves nothing of two cores to trainings. */
const PAUSE_MS = 1000;
/** Scores of one picture on one machine differ by less, whoever computes. */
const SAME = 1e-6;

/** @returns what posts parts to `url` and keeps the answers */
export async function openLine(url) {
	const pictures = [];
	for (let i = 0; i < PICTURES; i++) pictures.push(await newPlate(i, { hasSpot: isBad(i) }));
	return new Line(url, pictures);
}

/** Whether the part of this number has a spot. */
function isBad(number) {
	return (number % PICTURES) % 2 === 1;
}

class Line {
	/** Of each part its number, file, HTTP status, answer and milliseconds. */
	answers = [];
	#url;
	#pictures;
	#known = [];

	constructor(url, pictures) {
		this.#url = url;
		this.#pictures = pictures;
	}

	/** Posts every picture once, while nothing else happens: what it gets then it must get later. */
	async learn() {
		for (let i = 0; i < PICTURES; i++) {
			const { status, body } = await this.#post(i);
			assert.equal(status, 200, JSON.stringify(body));
			assert.equal(body.verdict, isBad(i) ? 'anomaly' : 'normal');
			this.#known.push(body);
		}
	}

	/** Posts parts, some at once, until `isOver()`. */
	async run(isOver) {
		await Promise.all(
			Array.from({ length: AT_ONCE }, async () => {
				while (!isOver()) {
					await this.#post(this.answers.length);
					await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
				}
			}),
		);
	}

	/** Fails unless every part got its own verdict, or n8n's word that there is none. @returns the parts without a verdict */
	assertOwnVerdicts() {
		const without = this.answers.filter(({ status }) => status !== 200);
		for (const { body } of without) assert.match(JSON.stringify(body), NO_VERDICT);
		for (const { number, status, body } of this.answers) {
			if (status !== 200) continue;
			const known = this.#known[number % PICTURES];
			assert.deepEqual([body.verdict, body.version], [known.verdict, known.version], `part ${number}`);
			assert.ok(
				Math.abs(body.score - known.score) <= SAME,
				`part ${number}: ${body.score}, ${known.score}`,
			);
		}
		return without;
	}

	async #post(number) {
		const answer = { number, file: `part-${number}.png` };
		this.answers.push(answer);
		const began = performance.now();
		const picture = this.#pictures[number % PICTURES];
		Object.assign(answer, await postForm(this.#url, picture, answer.file));
		return Object.assign(answer, { ms: performance.now() - began });
	}
}
