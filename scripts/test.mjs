// Sets everything up, checks types and style, runs all tests: the fast ones, then those in a real n8n (which is installed meanwhile, about
// five minutes, once). Ends with "N passed, N failed, N skipped".
//   node scripts/test.mjs --fast         without the real n8n
//   node scripts/test.mjs --e2e [FILE]   only in the real n8n
//   node scripts/test.mjs test/dataset   some of the fast ones; what follows goes to jest
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { prepare } from './setup.mjs';
import { runChecks } from './test/checks.mjs';
import { installAhead, runEndToEnd } from './test/endToEnd.mjs';
import { runFast } from './test/fast.mjs';

const words = process.argv.slice(2);
const [isFast, isEndToEnd] = ['--fast', '--e2e'].map((flag) => words.includes(flag));
const rest = words.filter((word) => word !== '--fast' && word !== '--e2e');

// What was started ends with this process, also when it is told to.
for (const [signal, code] of [
	['SIGINT', 130],
	['SIGTERM', 143],
])
	process.once(signal, () => process.exit(code));

prepare();
const folder = mkdtempSync(path.join(tmpdir(), 'dinomaly-test-'));
try {
	const results = [];
	const isWhole = !isFast && !isEndToEnd && rest.length === 0;
	const installation = isWhole ? installAhead() : undefined;
	if (!isEndToEnd) {
		await runChecks();
		results.push(runFast(folder, rest));
	}
	await installation;
	if (isEndToEnd || isWhole) results.push(await runEndToEnd(folder, rest));
	const sum = (field) => results.reduce((total, result) => total + result[field], 0);
	console.log(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
	process.exitCode = results.every(({ isGreen }) => isGreen) ? 0 : 1;
} finally {
	rmSync(folder, { recursive: true, force: true });
}
