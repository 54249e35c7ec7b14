// Native add-ons check `instanceof Float32Array` against the outer realm: share its typed arrays with the tests' realm.
const { existsSync } = require('node:fs');
const { TestEnvironment } = require('jest-environment-node');

// SwiftShader, a GPU in software that Debian's chromium-common brings. The tests' own process.env is a copy that native code does not read.
const SOFTWARE_GPU = '/usr/lib/chromium/vk_swiftshader_icd.json';
if (process.env.VK_ICD_FILENAMES === undefined && existsSync(SOFTWARE_GPU))
	process.env.VK_ICD_FILENAMES = SOFTWARE_GPU;

const SHARED = [
	'Float32Array',
	'Float64Array',
	'Uint8Array',
	'Int32Array',
	'Int8Array',
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
