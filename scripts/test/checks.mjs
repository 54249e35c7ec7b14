// Types, style and format: all at once, for each keeps one core busy.
import { collect } from '../n8n/command.mjs';
import { root } from '../setup.mjs';

const CHECKS = ['typecheck', 'lint', 'format:check'];

/** Ends this process when a check fails, with what all of them said. */
export async function runChecks() {
	console.error(`Checking (${CHECKS.join(', ')}) ...`);
	const results = await Promise.allSettled(
		CHECKS.map((check) => collect('npm', ['run', '--silent', check], { cwd: root })),
	);
	const failures = results.filter(({ status }) => status === 'rejected');
	for (const { reason } of failures) console.error(reason.output ?? reason.message);
	if (failures.length > 0) process.exit(1);
}
