import { existsSync } from 'node:fs';
import path from 'node:path';

/** Reference numbers that lie beside a developer's checkout; elsewhere they are absent and the tests that need them skip. */
const SHARED = path.resolve(__dirname, '../../../shared');

export function sharedPath(...parts: string[]): string {
	return path.join(SHARED, ...parts);
}

/** `describe` when the reference numbers are there, else a skipped block whose title says why. */
export function describeGolden(title: string, body: () => void): void {
	if (existsSync(sharedPath('golden'))) describe(title, body);
	else describe.skip(`${title} (skipped: the folder ../shared/golden is not beside this checkout)`, body);
}
