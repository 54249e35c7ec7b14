// Installs and builds what is missing. Needs nothing but Node.js and npm.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

const MINIMUM = [20, 19];

/** Runs a command in the package's folder and ends this process when it fails. */
export function run(command, args, options = {}) {
	const result = spawnSync(command, args, {
		cwd: root,
		stdio: 'inherit',
		// npm is a script on Windows.
		shell: process.platform === 'win32',
		...options,
		env: { ...process.env, ...options.env },
	});
	if (result.error) {
		console.error(`Could not run ${command}: ${result.error.message}`);
		process.exit(1);
	}
	if (result.status !== 0 && !options.mayFail) process.exit(result.status ?? 1);
	return result.status ?? 1;
}

/** Node.js new enough, packages installed, code compiled. */
export function prepare() {
	const [major, minor] = process.versions.node.split('.').map(Number);
	if (major < MINIMUM[0] || (major === MINIMUM[0] && minor < MINIMUM[1])) {
		console.error(
			`Expected Node.js ${MINIMUM.join('.')} or newer, found ${process.versions.node}: install a newer one from your package manager.`,
		);
		process.exit(1);
	}
	installPackages();
	compile();
}

function installPackages() {
	const stamp = path.join(root, 'node_modules', '.dinomaly-installed');
	const { dependencies, devDependencies } = JSON.parse(
		readFileSync(path.join(root, 'package.json'), 'utf8'),
	);
	const wanted = createHash('sha256')
		.update(JSON.stringify({ dependencies, devDependencies }))
		.digest('hex');
	if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
	console.error('Installing packages (about a minute, once) ...');
	// The CPU part of onnxruntime-node comes with its package; its install script would only fetch CUDA libraries.
	run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], {
		env: { ONNXRUNTIME_NODE_INSTALL: 'skip' },
	});
	writeFileSync(stamp, wanted);
}

function compile() {
	const stamp = path.join(root, 'dist', '.built');
	const newest = Math.max(
		...[
			'src',
			'nodes',
			'credentials',
			'bench',
			'package.json',
			'tsconfig.json',
			'tsconfig.build.json',
		].map((name) => changed(path.join(root, name))),
	);
	if (existsSync(stamp) && statSync(stamp).mtimeMs >= newest) return;
	console.error('Compiling ...');
	run('npm', ['run', '--silent', 'build']);
	writeFileSync(stamp, '');
}

/** When a file, or any file of a folder, was changed last. */
function changed(name) {
	if (!existsSync(name)) return 0;
	const info = statSync(name);
	if (!info.isDirectory()) return info.mtimeMs;
	return Math.max(info.mtimeMs, ...readdirSync(name).map((entry) => changed(path.join(name, entry))));
}
