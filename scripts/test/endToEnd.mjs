// The tests in a real n8n: installs it beside the package, then runs test/e2e, one file after another.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { installN8n } from '../n8n/install.mjs';
import { nodeProgram, withNode } from '../n8n/places.mjs';
import { root } from '../setup.mjs';

const folderOfTests = path.join(root, 'test', 'e2e');

/**
 * Installs n8n in a process of its own, while the tests that need none are running.
 * @returns what resolves when it has ended, well or not: `runEndToEnd` installs what is then missing, and says why it cannot
 */
export function installAhead() {
	const installation = spawn(process.execPath, [path.join(root, 'scripts', 'n8n', 'install.mjs')], {
		stdio: 'ignore',
	});
	process.once('exit', () => installation.kill());
	return once(installation, 'close');
}

/**
 * Runs Node's own test runner on `words` (file names), or on all files, two at a time: a server that starts keeps one core busy, and so do
 * few tests for long.
 */
export async function runEndToEnd(folder, words) {
	await installN8n({ log: (line) => console.error(line) });
	const report = path.join(folder, 'e2e.tap');
	const files = words.length > 0 ? words : filesOfTests();
	// A single file starts what it needs by itself.
	const shared = files.length > 1 ? await openSharedN8n() : undefined;
	try {
		const isGreen = await runTests(report, files, shared?.environment);
		const [passed, failed, cancelled, skipped] = ['pass', 'fail', 'cancelled', 'skipped'].map((word) =>
			counted(readFileSync(report, 'utf8'), word),
		);
		return { passed, failed: failed + cancelled, skipped, isGreen };
	} finally {
		await shared?.close();
	}
}

async function openSharedN8n() {
	// It needs packages that were not there yet when this file was loaded.
	const { openShared } = await import('../../test/e2e/support/home.mjs');
	return openShared();
}

/** @returns whether all tests passed */
async function runTests(report, files, environment) {
	const args = [
		'--test',
		'--test-concurrency=2',
		'--test-timeout=600000',
		'--test-reporter=spec',
		'--test-reporter-destination=stderr',
		'--test-reporter=tap',
		`--test-reporter-destination=${report}`,
		...files,
	];
	// Not synchronously: the shared n8n's output has to be read meanwhile.
	const runner = spawn(nodeProgram(), args, {
		cwd: root,
		env: { ...withNode(), ...environment },
		stdio: ['ignore', 'ignore', 'inherit'],
	});
	process.once('exit', () => runner.kill());
	const [code] = await once(runner, 'close');
	return code === 0;
}

function filesOfTests() {
	return readdirSync(folderOfTests)
		.filter((name) => name.endsWith('.test.mjs'))
		.sort()
		.map((name) => path.join(folderOfTests, name));
}

/** Node's report ends with lines such as "# pass 12". */
function counted(report, word) {
	return Number(new RegExp(`^# ${word} (\\d+)$`, 'm').exec(report)?.[1] ?? 0);
}
