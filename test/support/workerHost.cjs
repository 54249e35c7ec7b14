// An engine worker in a process of its own, which tests may kill. Its options come as JSON: connection, store, engine (fakeEngine or
// realEngine), pace. Says "ready" when it waits for work, then what it logs.
require('./typescript.cjs');
const { join } = require('node:path');
const { openEngine } = require('../../src/engine/host.ts');
const { LANES } = require('../../src/workers/lanes.ts');
const { startWorker } = require('../../src/workers/serve.ts');

const { connection, store, engine: program, pace, lanes = LANES } = JSON.parse(process.argv[2]);
const engine = openEngine({ entry: join(__dirname, program) });
const log = (line) => console.log(line);

startWorker({ connection, store, storeShown: store, lanes, dataFolders: [], engine, log, pace }).then(
	(worker) => {
		console.log('ready');
		process.once('SIGTERM', async () => {
			await worker.close();
			await engine.close();
			process.exit(0);
		});
	},
);
