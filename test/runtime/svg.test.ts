import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SUPPORT = join(__dirname, '..', 'support', 'typescript.cjs');
const SOURCE = join(__dirname, '..', '..', 'src', 'runtime', 'svg.ts');

/** What a process of its own finds: fonts are looked up once for each process. */
function hasTypeface(env: Record<string, string>): string {
	const program = `require(${JSON.stringify(SUPPORT)}); require(${JSON.stringify(SOURCE)}).hasTypeface().then(console.log)`;
	return execFileSync(process.execPath, ['-e', program], {
		env: { ...process.env, ...env },
		encoding: 'utf8',
	}).trim();
}

// Elsewhere the system's own fonts are used, whatever the configuration says.
const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('a machine whose letters are all the same box has no typeface', () => {
	const folder = mkdtempSync(join(tmpdir(), 'dinomaly-fonts-'));
	try {
		const config = join(folder, 'fonts.conf');
		writeFileSync(config, '<?xml version="1.0"?><fontconfig></fontconfig>');
		expect(hasTypeface({ FONTCONFIG_FILE: config })).toBe('false');
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
});
