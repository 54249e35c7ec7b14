// The tests in a real n8n: installs it beside the package, then runs test/e2e, one file after another.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { installN8n } from '../n8n/install.mjs';
import { nodeProgram, withNode } from '../n8n/places.mjs';
import { root } from '../setup.mjs';

const folderOfTests = path.join(root, 'test', 'e2e');
/** Files that look at how soon something happens: nothing else runs beside them. */
const ALONE = ['inspection.test.mjs', 'training.test.mjs'];

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
 * Runs Node's own test runner on `words` (file names), or on all files: most of them two at a time, for a server that starts keeps one core
 * busy, and so do few tests for long.
 */
export async function runEndToEnd(folder, words) {
	await installN8n({ log: (line) => console.error(line) });
	const report = path.join(folder, 'e2e.tap');
	const files = words.length > 0 ? words : filesOfTests();
	// A single file starts what it needs by itself.
	const shared = files.length > 1 ? await openSharedN8n() : undefined;
	const isAlone = (file) => ALONE.includes(path.basename(file));
	const rounds = [
		{ files: files.filter((file) => !isAlone(file)), atOnce: 2 },
		{ files: files.filter(isAlone), atOnce: 1 },
	].filter((round) => round.files.length > 0);
	const total = { passed: 0, failed: 0, skipped: 0, isGreen: true };
	try {
		for (const round of rounds) {
			total.isGreen = (await runTests(report, round, shared?.environment)) && total.isGreen;
			const text = readFileSync(report, 'utf8');
			total.passed += counted(text, 'pass');
			total.failed += counted(text, 'fail') + counted(text, 'cancelled');
			total.skipped += counted(text, 'skipped');
		}
		return total;
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
async function runTests(report, { files, atOnce }, environment) {
	const args = [
		'--test',
		`--test-concurrency=${atOnce}`,
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
