// Native add-ons check `instanceof Float32Array` against the outer realm: share its typed arrays with the tests' realm.
const { TestEnvironment } = require('jest-environment-node');

const SHARED = [
	'Float32Array',
	'Float64Array',
	'Uint8Array',
	'Int32Array',
	'BigInt64Array',
	'Uint16Array',
	'ArrayBuffer',
];

module.exports = class NativeArraysEnvironment extends TestEnvironment {
	constructor(config, context) {
		super(config, context);
		for (const name of SHARED) this.global[name] = globalThis[name];
		// Where there is one (Node.js 24), onnxruntime-node fails on float16 inputs; the engine process removes it as well.
		delete this.global.Float16Array;
	}
};
