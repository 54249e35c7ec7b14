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
	// The body would read the numbers while it declares its tests, so it is not run at all.
	else test.skip(`${title}: the folder ../shared/golden is not beside this checkout`, () => undefined);
}
