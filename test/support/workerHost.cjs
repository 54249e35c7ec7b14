// An engine worker in a process of its own, which tests may kill. Its options come as JSON: connection, store (a folder, or the connection
// of object storage and this machine's home), dataFolders, engine (fakeEngine or realEngine), pace. Says "ready" when it waits for work, then what it logs.
require('./typescript.cjs');
const { join } = require('node:path');
const { openEngine } = require('../../src/engine/host.ts');
const { connectStore } = require('../../src/store/objects/connections.ts');
const { LANES } = require('../../src/workers/lanes.ts');
const { startWorker } = require('../../src/workers/serve.ts');

const given = JSON.parse(process.argv[2]);
const { connection, engine: program, pace, lanes = LANES, dataFolders = [] } = given;
const store =
	typeof given.store === 'string' ? given.store : connectStore(given.store.connection, given.store.home);
const engine = openEngine({ entry: join(__dirname, program) });
const log = (line) => console.log(line);

startWorker({ connection, store, storeShown: store, lanes, dataFolders, engine, log, pace }).then(
	(worker) => {
		console.log('ready');
		process.once('SIGTERM', async () => {
			await worker.close();
			await engine.close();
			process.exit(0);
		});
	},
);
