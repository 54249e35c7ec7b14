/** A host of its own, as a second n8n process on the same store: trains one model until the soak kills it. */
import { openEngine } from '../../src/engine/host';
import type { TrainRequest } from '../../src/training/request';
import type { HostNews } from './faults';

const request = JSON.parse(process.argv[2]) as TrainRequest;
const engine = openEngine();

void engine
	.train(request, {
		onProgress: ({ phase, done }) => {
			const news: HostNews = { pid: engine.pid, seen: done };
			if (phase === 'training') process.send?.(news);
		},
	})
	// Done before it was killed: it waits for that.
	.then(() => setInterval(() => undefined, 1000));
