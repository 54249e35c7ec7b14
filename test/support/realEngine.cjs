// The engine process as it is, from the sources.
require('./typescript.cjs');
const { lazyModules } = require('../../src/engine/modules.ts');
const { serveEngine } = require('../../src/engine/process.ts');

serveEngine(lazyModules);
