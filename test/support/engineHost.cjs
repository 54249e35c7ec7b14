// A host process of its own: starts a fake engine, prints its pid, then does what the argument says.
require('./typescript.cjs');
const { join } = require('node:path');
const { openEngine } = require('../../src/engine/host.ts');

const engine = openEngine({ entry: join(__dirname, 'fakeEngine.cjs') });
const request = (model) => ({ store: '/store', data: '/data', model });
const announce = () => console.log(engine.pid);

switch (process.argv[2]) {
	case 'idle': // one job, then nothing more to do
		void engine.train(request('quick')).then(announce);
		break;
	case 'exit': // leaves in the middle of a job
		void engine.train(request('deaf'), {
			onProgress: () => {
				announce();
				process.exit(0);
			},
		});
		break;
	default: // a job that never ends
		void engine.train(request(process.argv[2]), { onProgress: announce });
}
