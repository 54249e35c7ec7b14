// The tests that need no server.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { root, run } from '../setup.mjs';

/** Runs jest; `words` are its own arguments. */
export function runFast(folder, words) {
	const jest = path.join(root, 'node_modules', 'jest', 'bin', 'jest.js');
	const report = path.join(folder, 'fast.json');
	// Jest leaves one core idle by itself, which on two means one test file after the other.
	const workers = `--maxWorkers=${Math.min(4, Math.max(2, availableParallelism() - 1))}`;
	const status = run(process.execPath, [jest, '--json', `--outputFile=${report}`, workers, ...words], {
		mayFail: true,
		stdio: ['ignore', 'ignore', 'inherit'],
		shell: false,
	});
	const { numPassedTests, numFailedTests, numPendingTests, numRuntimeErrorTestSuites } = JSON.parse(
		readFileSync(report, 'utf8'),
	);
	return {
		passed: numPassedTests,
		failed: numFailedTests + numRuntimeErrorTestSuites,
		skipped: numPendingTests,
		isGreen: status === 0,
	};
}
