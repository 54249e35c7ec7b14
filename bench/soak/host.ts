/** A host of its own, as a second n8n process on the same store: trains one model, itself or on engine workers, until the soak kills it. */
import { openEngine } from '../../src/engine/host';
import type { TrainRequest } from '../../src/training/request';
import { checkWorkersConnection } from '../../src/workers/connection';
import { workersEngine } from '../../src/workers/workersEngine';
import type { HostNews } from './faults';

const request = JSON.parse(process.argv[2]) as TrainRequest;
const redisUrl = process.argv.at(3);
const local = openEngine();
const engine =
	redisUrl === undefined ? local : workersEngine(checkWorkersConnection({ url: redisUrl }), local);

void engine
	.train(request, {
		onProgress: ({ phase, done }) => {
			const news: HostNews = { pid: engine.pid, seen: done };
			if (phase === 'training') process.send?.(news);
		},
	})
	// Done before it was killed: it waits for that.
	.then(() => setInterval(() => undefined, 1000));
