import type { Random } from '../../src/random';
import type { ScoreOutcome } from '../../src/scoring/request';
import { between, rest, type Soak } from './context';
import { sourceOf, type LoadImage } from './data';
import { evaluateRequest, metricsOf, OUTPUTS, scoreKey, scoreSettings } from './expected';
import { fingerprint, type AskedOutputs } from './fingerprint';

/** An image asked for once, under a name of its own. */
interface Item {
	readonly name: string;
	readonly image: LoadImage;
}

const MOST_IMAGES = 8;
const BAD_SHARE = 0.15;
const CANCELLED_SHARE = 0.05;
/** An item that is not answered after so many calls is lost. */
const MOST_CALLS = 6;
const PAUSE_MS = [0, 1500] as const;

/** Asks for scores like a node that is run again when it failed: for what was not answered, until all of it is. */
export async function runCaller(soak: Soak, caller: number): Promise<void> {
	const random = soak.random(`caller ${String(caller)}`);
	for (let round = 0; !soak.over.aborted; round++) {
		const count = 1 + random.integer(MOST_IMAGES);
		const items = Array.from({ length: count }, (_, i) => ({
			name: `c${String(caller)}-r${String(round)}-${String(i)}`,
			image: pick(random, random.next() < BAD_SHARE ? soak.data.badImages : soak.data.images),
		}));
		const outputs = pick(random, OUTPUTS);
		soak.tally.count('images asked for', count);
		let open: readonly Item[] = items;
		for (let call = 0; call < MOST_CALLS && open.length > 0; call++)
			open = await scoreItems(soak, open, { random, outputs });
		for (const { name } of open)
			soak.tally.broke('items', `${name} had no answer after ${String(MOST_CALLS)} calls`);
		await rest(soak, between(random, ...PAUSE_MS));
	}
}

/** Returns the items that are still to be answered. */
async function scoreItems(
	soak: Soak,
	items: readonly Item[],
	{ random, outputs }: { readonly random: Random; readonly outputs: AskedOutputs },
): Promise<readonly Item[]> {
	const { tally, data, calls, engine } = soak;
	const told = items.map(() => 0);
	const onOutcome = (outcome: ScoreOutcome, index: number): void => {
		if (soak.breakages.has('lostItem') && index === 7) return;
		told[index] += soak.breakages.has('doubledItem') && index === 6 ? 2 : 1;
		checkOutcome(soak, items[index], { outcome, outputs });
	};
	const stop = random.next() < CANCELLED_SHARE ? new AbortController() : undefined;
	const stopAfter = between(random, 0, 400);
	const timer =
		stop &&
		setTimeout(() => {
			stop.abort();
		}, stopAfter);
	const images = items.map(({ image, name }) => sourceOf(image, name));
	try {
		const outcomes = await calls.run('score', () =>
			engine.score({ ...scoreSettings(data), outputs, images }, { signal: stop?.signal, onOutcome }),
		);
		for (const [i, { name }] of items.entries())
			if (told[i] === 0 || outcomes.at(i) === undefined)
				tally.broke('items', `${name} is missing from an answer that says it is whole`);
	} catch (error) {
		const ending = calls.judge('a score', error, stop);
		tally.count(`score calls that ended: ${ending}`);
	} finally {
		clearTimeout(timer);
	}
	for (const [i, { name }] of items.entries())
		if (told[i] > 1) tally.broke('items', `${name} was answered ${String(told[i])} times by one call`);
	const answered = told.filter((times) => times > 0).length;
	tally.count('images answered', answered);
	return items.filter((_, i) => told[i] === 0);
}

function checkOutcome(
	{ tally, expected, breakages }: Soak,
	{ name, image }: Item,
	{ outcome, outputs }: { readonly outcome: ScoreOutcome; readonly outputs: AskedOutputs },
): void {
	if (!outcome.file.includes(name))
		tally.broke('items', `${name} was answered with the outcome of ${outcome.file}`);
	const found =
		breakages.has('wrongScore') && 'score' in outcome
			? { ...outcome, score: outcome.score * (1 + Number.EPSILON) }
			: outcome;
	if ('error' in outcome) tally.count('images answered with their error');
	const print = fingerprint(found, outputs);
	if (print !== expected.scores.get(scoreKey(image.key, outputs)))
		tally.broke('items', `${name} (${image.key}) was answered wrongly: ${print.slice(0, 300)}`);
}

/** Evaluates again and again: the metrics never change. */
export async function runEvaluations(soak: Soak): Promise<void> {
	const { tally, calls, engine, data, expected } = soak;
	const random = soak.random('evaluations');
	while (!soak.over.aborted) {
		const stop = random.next() < 0.2 ? new AbortController() : undefined;
		const stopAfter = between(random, 0, 1500);
		const timer =
			stop &&
			setTimeout(() => {
				stop.abort();
			}, stopAfter);
		try {
			const result = await calls.run('evaluate', () =>
				engine.evaluate(evaluateRequest(data), { signal: stop?.signal }),
			);
			tally.count('evaluations that ended: done');
			const found = soak.breakages.has('otherMetric') ? { ...result, notices: ['x'] } : result;
			if (metricsOf(found) !== expected.evaluation)
				tally.broke(
					'evaluations',
					`an evaluation differs: image AUROC ${String(result.mean.imageAuroc)}`,
				);
		} catch (error) {
			const ending = calls.judge('an evaluation', error, stop);
			tally.count(`evaluations that ended: ${ending}`);
		} finally {
			clearTimeout(timer);
		}
		await rest(soak, between(random, 1000, 8000));
	}
}

/** Asks for a model that is not there: the error is the same each time, and nothing else suffers. */
export async function runMistakes(soak: Soak): Promise<void> {
	const { tally, calls, engine, data } = soak;
	const random = soak.random('mistakes');
	while (!soak.over.aborted) {
		const images = [sourceOf(data.images[0], 'mistake')];
		try {
			if (soak.breakages.has('silentCall'))
				await calls.run('silence', () => new Promise(() => undefined));
			await calls.run('score by an unknown model', () =>
				engine.score({ ...scoreSettings(data), model: 'nobody', images }),
			);
			tally.broke('errors', 'a model that is not there gave a score');
		} catch (error) {
			const isRight = (error as { code?: string }).code === 'MODEL_NOT_FOUND';
			if (isRight && !soak.breakages.has('strangeError')) tally.count('unknown models refused');
			else calls.judge('a score by an unknown model', error);
		}
		await rest(soak, between(random, 2000, 10_000));
	}
}

function pick<T>(random: Random, from: readonly T[]): T {
	return from[random.integer(from.length)];
}
