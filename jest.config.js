// Tests have an environment of their own, which native code does not see: ONNX Runtime sends nothing from tests either.
process.env.ORT_DISABLE_TELEMETRY ??= '1';

/** @type {import('jest').Config} */
module.exports = {
	testEnvironment: '<rootDir>/test/support/nativeArrays.environment.cjs',
	roots: ['<rootDir>/test'],
	testMatch: ['**/*.test.ts'],
	transform: {
		'^.+\\.ts$': [
			'@swc/jest',
			{ jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
		],
	},
	// D3 comes as ES modules, which Node.js loads and jest does not; its builds for browsers are the same code.
	moduleNameMapper: { '^(d3-[a-z-]+|internmap)$': '<rootDir>/node_modules/$1/dist/$1.min.js' },
	// Looking a global up in the tests' realm takes longer than most arithmetic: modules get these as variables.
	sandboxInjectedGlobals: [
		'Math',
		'Number',
		'Object',
		'Array',
		'Float32Array',
		'Float64Array',
		'Int32Array',
		'Uint8Array',
		'Uint16Array',
		'Uint32Array',
		'DataView',
		'Map',
		'Set',
	],
	testTimeout: 60_000,
};
