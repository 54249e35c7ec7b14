// Starts an n8n process and ends it, with all it started.
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import path from 'node:path';
import { filesFolder, n8nEnvironment } from './environment.mjs';
import { n8nProgram, nodeProgram } from './places.mjs';
import { freePort } from './ports.mjs';

const READY_MS = 180_000;
const POLL_MS = 250;
/** n8n waits for running executions this long before it ends them. */
const STOP_MS = 40_000;

/**
 * Boots an n8n process and waits until it is ready.
 * @param userFolder its N8N_USER_FOLDER
 * @param options.command 'start', or 'worker' in queue mode
 * @param options.environment variables on top of ours
 * @param options.onLine called with every line of its log
 * @returns its address, pid, log file, `stop()` (as a service manager does) and `kill()` (as a power cut does)
 */
export async function startServer(
	userFolder,
	{ port, command = 'start', args = [], environment = {}, onLine } = {},
) {
	const isWorker = command === 'worker';
	const [ownPort, brokerPort] = [port ?? (await freePort()), await freePort()];
	mkdirSync(filesFolder(userFolder), { recursive: true });
	const logFile = path.join(userFolder, `${command}-${ownPort}.log`);
	const child = spawn(nodeProgram(), [n8nProgram, command, ...args], {
		cwd: userFolder,
		env: n8nEnvironment(
			{ userFolder, port: ownPort, brokerPort },
			{ ...(isWorker ? healthOfWorker(ownPort) : {}), ...environment },
		),
		stdio: ['ignore', 'pipe', 'pipe'],
		// Ctrl-C reaches us only, and we end n8n in good order.
		detached: process.platform !== 'win32',
	});
	const recent = keepLog(child, logFile, onLine);
	const gone = new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal)));
	const killAtExit = () => child.kill('SIGKILL');
	process.once('exit', killAtExit);
	void gone.then(() => process.off('exit', killAtExit));

	const url = `http://127.0.0.1:${ownPort}`;
	const server = {
		url,
		pid: child.pid,
		logFile,
		gone,
		isRunning: () => child.exitCode === null && child.signalCode === null,
		kill: () => (child.kill('SIGKILL'), gone),
		stop: () => stop(child, gone),
	};
	try {
		await untilReady(`${url}${isWorker ? '/healthz' : '/healthz/readiness'}`, server);
	} catch (error) {
		await server.kill();
		throw new Error(`${error.message}\nThe end of ${logFile}:\n${recent.join('\n')}`);
	}
	return server;
}

function healthOfWorker(port) {
	return {
		QUEUE_HEALTH_CHECK_ACTIVE: 'true',
		QUEUE_HEALTH_CHECK_PORT: String(port),
		N8N_WORKER_SERVER_ADDRESS: '127.0.0.1',
	};
}

function keepLog(child, file, onLine) {
	const recent = [];
	const log = createWriteStream(file, { flags: 'a' });
	for (const stream of [child.stdout, child.stderr]) {
		let rest = '';
		stream.setEncoding('utf8');
		stream.on('data', (chunk) => {
			log.write(chunk);
			const lines = (rest + chunk).split('\n');
			rest = lines.pop();
			for (const line of lines) {
				recent.push(line);
				onLine?.(line);
			}
			recent.splice(0, recent.length - 30);
		});
	}
	child.once('close', () => log.end());
	return recent;
}

async function untilReady(url, server) {
	const deadline = Date.now() + READY_MS;
	while (Date.now() < deadline) {
		if (!server.isRunning()) throw new Error('Expected n8n to start, found that it ended');
		const isReady = await fetch(url).then(
			({ ok }) => ok,
			() => false,
		);
		if (isReady) return;
		await new Promise((resolve) => setTimeout(resolve, POLL_MS));
	}
	throw new Error(`Expected n8n to be ready within ${READY_MS / 1000} s, found it still starting`);
}

async function stop(child, gone) {
	if (child.exitCode !== null || child.signalCode !== null) return gone;
	child.kill('SIGTERM');
	const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
	const code = await gone;
	clearTimeout(timer);
	return code;
}
