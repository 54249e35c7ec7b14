import { enterParts, ALARM_BOOK, type AlarmOutcome } from '../../../src/routing/alarm/alarmBook';
import type { AlarmRule } from '../../../src/routing/alarm/rule';
import { SharedDocument } from '../../../src/store/sharedDocument';

/** As many executions as it is told, some at once, each with one bad part of one key; tells what came of them. */
const [root, count, atOnce, ruleText] = process.argv.slice(1);
const rule = JSON.parse(ruleText) as AlarmRule;
const place = { root, path: `${root}/alarms/one.json`, lock: `${root}/locks/one`, what: 'the memory' };

async function execute(): Promise<AlarmOutcome> {
	const memory = new SharedDocument(place, ALARM_BOOK);
	const { result } = await memory.update((book) =>
		enterParts(book, [{ key: '[]', route: 'anomaly', rule }], { at: Date.now(), day: '2026-01-31' }),
	);
	return result[0];
}

async function main(): Promise<void> {
	process.send?.('ready');
	await new Promise((resolve) => process.once('message', resolve));
	const outcomes: AlarmOutcome[] = [];
	while (outcomes.length < Number(count)) {
		const executions = Array.from({ length: Number(atOnce) }, () => execute());
		outcomes.push(...(await Promise.all(executions)));
		process.send?.(outcomes.length);
	}
	process.send?.(outcomes, () => {
		process.disconnect();
	});
}

void main();
