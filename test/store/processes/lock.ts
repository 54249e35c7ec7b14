import { appendFileSync } from 'node:fs';
import { acquireLock } from '../../../src/store/lock';

/** Takes the lock as often as it is told, writing down when it comes and goes; `hold` takes it once and keeps it. */
const [folder, journal, count] = process.argv.slice(1);

async function main(): Promise<void> {
	if (count === 'hold') {
		await acquireLock(folder, { what: 'the lock' });
		process.send?.('held');
		setInterval(() => undefined, 1000);
		return;
	}
	for (let i = 0; i < Number(count); i++) {
		const lock = await acquireLock(folder, { what: 'the lock', waitMs: 20_000 });
		appendFileSync(journal, `in ${process.pid}\n`);
		await new Promise((resolve) => setTimeout(resolve, 2));
		appendFileSync(journal, `out ${process.pid}\n`);
		await lock.release();
	}
	process.disconnect();
}

void main();
