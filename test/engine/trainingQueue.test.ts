import { setTimeout as sleep } from 'node:timers/promises';
import { TrainingQueue } from '../../src/engine/trainingQueue';

const never = new AbortController().signal;

test('tasks run one at a time, in the order in which they came, also after a failure', async () => {
	const queue = new TrainingQueue();
	const log: string[] = [];
	const task = (name: string, ms: number) => async () => {
		log.push(`${name} begins`);
		await sleep(ms);
		log.push(`${name} ends`);
		if (name === 'b') throw new Error(name);
	};
	const results = await Promise.allSettled([
		queue.run(never, task('a', 20)),
		queue.run(never, task('b', 1)),
		queue.run(never, task('c', 1)),
	]);
	expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
	expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});

test('a task that is dropped while it waits does not let the next one overtake', async () => {
	const queue = new TrainingQueue();
	const log: string[] = [];
	const stop = new AbortController();
	const first = queue.run(never, async () => {
		await sleep(30);
		log.push('first');
	});
	const dropped = queue.run(stop.signal, () => Promise.resolve(log.push('dropped')));
	const last = queue.run(never, () => Promise.resolve(log.push('last')));
	stop.abort(new Error('given up'));
	await expect(dropped).rejects.toThrow('given up');
	await Promise.all([first, last]);
	expect(log).toEqual(['first', 'last']);
});
