// Sets everything up, checks types and style, runs all tests. Ends with "N passed, N failed, N skipped".
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { prepare, root, run } from './setup.mjs';

prepare();
const jest = path.join(root, 'node_modules', 'jest', 'bin', 'jest.js');
const folder = mkdtempSync(path.join(tmpdir(), 'dinomaly-test-'));
const report = path.join(folder, 'report.json');
try {
	run('npm', ['run', '--silent', 'typecheck']);
	run('npm', ['run', '--silent', 'lint']);
	run('npm', ['run', '--silent', 'format:check']);
	const status = run(
		process.execPath,
		[jest, '--json', `--outputFile=${report}`, ...process.argv.slice(2)],
		{ mayFail: true, stdio: ['ignore', 'ignore', 'inherit'], shell: false },
	);
	const { numPassedTests, numFailedTests, numPendingTests, numRuntimeErrorTestSuites } = JSON.parse(
		readFileSync(report, 'utf8'),
	);
	console.log(
		`${numPassedTests} passed, ${numFailedTests + numRuntimeErrorTestSuites} failed, ${numPendingTests} skipped`,
	);
	process.exitCode = status;
} finally {
	rmSync(folder, { recursive: true, force: true });
}
