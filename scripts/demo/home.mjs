// Everything that the demonstration keeps: one folder beside the package, to be deleted at will.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { filesFolder } from '../n8n/environment.mjs';
import { root } from '../setup.mjs';

/** n8n's user folder: database, settings, our package, models, files. */
export const home = path.join(root, '.demo');
/** What nodes may read; paths in workflows are relative to it. */
export const files = filesFolder(home);
export const store = path.join(home, '.n8n', 'dinomaly');

const passwordFile = path.join(home, 'password.txt');
const runningFile = path.join(home, 'running.json');

/** The owner's password, made up at the first run. */
export function password() {
	mkdirSync(home, { recursive: true });
	// n8n wants a capital letter and a digit.
	if (!existsSync(passwordFile))
		writeFileSync(passwordFile, `Dm1-${randomBytes(9).toString('base64url')}\n`, { mode: 0o600 });
	return readFileSync(passwordFile, 'utf8').trim();
}

/** Address of a demonstration that is still running, if there is one. What a killed one left running is ended. */
export async function alreadyRunning() {
	if (!existsSync(runningFile)) return undefined;
	const { pid, serverPid, url } = JSON.parse(readFileSync(runningFile, 'utf8'));
	const answers = await fetch(`${url}/healthz`).then(
		({ ok }) => ok,
		() => false,
	);
	if (!answers) return undefined;
	if (isAlive(pid)) return url;
	if (isAlive(serverPid)) process.kill(serverPid, 'SIGKILL');
	return undefined;
}

export function markRunning({ url, pid: serverPid }) {
	writeFileSync(runningFile, JSON.stringify({ pid: process.pid, serverPid, url }));
	process.once('exit', () => rmSync(runningFile, { force: true }));
}

function isAlive(pid) {
	try {
		return process.kill(pid, 0);
	} catch {
		return false;
	}
}
