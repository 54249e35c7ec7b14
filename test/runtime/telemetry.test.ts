import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(__dirname, '..', '..');
const PROGRAM = `
require('${join(ROOT, 'test', 'support', 'typescript.cjs')}');
const { loadRuntime } = require('${join(ROOT, 'src', 'runtime', 'session.ts')}');
loadRuntime().InferenceSession.create(Buffer.from([1])).then(() => console.log('opened'), () => console.log('refused'));
`;

test('ONNX Runtime keeps no number of the machine, no events to send and no file of its own', async () => {
	const folder = mkdtempSync(join(tmpdir(), 'dinomaly-telemetry-'));
	try {
		const [home, temporary] = ['home', 'tmp'].map((name) => join(folder, name));
		for (const own of [home, temporary]) mkdirSync(own);
		const { stdout } = await promisify(execFile)(process.execPath, ['-e', PROGRAM], {
			env: {
				...process.env,
				ORT_DISABLE_TELEMETRY: undefined,
				HOME: home,
				XDG_CACHE_HOME: join(home, '.cache'),
				TMPDIR: temporary,
			},
		});
		expect(stdout).toBe('refused\n');
		const written = readdirSync(folder, { recursive: true }).map(String);
		expect(written.filter((name) => /onnxruntime|mat-debug|\.ses$/.test(name))).toEqual([]);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}, 60_000);
