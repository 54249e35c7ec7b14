// n8n's editor in a headless Chromium.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runQuietly } from '../n8n/command.mjs';
import { serverFolder } from '../n8n/places.mjs';

const PLAYWRIGHT = 'playwright-core@1.65.1';
const VIEW = { width: 1440, height: 900 };
const WAIT_MS = 60_000;
const SETTLE_MS = 2000;
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
/** What n8n itself reports offline, or about itself. */
const NOT_OURS =
	/ERR_NAME_NOT_RESOLVED|ERR_INTERNET_DISCONNECTED|posthog|n8n\.io|Failed to load resource|telemetry/i;

/** Path of a Chromium on this machine; CHROMIUM names another. */
export function findChromium() {
	return [process.env.CHROMIUM, ...CHROMIUM].find((file) => file !== undefined && existsSync(file));
}

/** A browser signed in to n8n. `takeErrors()` gives what the console complained about since the last call. */
export async function openBrowser(url, { email, password, theme }) {
	const { chromium } = await loadPlaywright();
	const profile = mkdtempSync(path.join(tmpdir(), 'dinomaly-browser-'));
	const context = await chromium.launchPersistentContext(profile, {
		executablePath: findChromium(),
		baseURL: url,
		viewport: VIEW,
		colorScheme: theme,
		args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'],
	});
	const page = context.pages()[0] ?? (await context.newPage());
	const errors = [];
	page.on('console', (message) => {
		if (message.type() === 'error' && !NOT_OURS.test(message.text()))
			errors.push(message.text().slice(0, 300));
	});
	page.on('pageerror', (error) => errors.push(`${error.message}`.slice(0, 300)));
	await page.addInitScript((chosen) => localStorage.setItem('N8N_THEME', chosen), theme);
	await page.request.post('/rest/login', { data: { emailOrLdapLoginId: email, password } });
	return {
		page,
		takeErrors: () => errors.splice(0),
		close: async () => {
			await context.close();
			rmSync(profile, { recursive: true, force: true });
		},
	};
}

export async function openCanvas(page, workflowId) {
	await page.goto(`/workflow/${workflowId}`, { waitUntil: 'domcontentloaded' });
	await page.waitForSelector('[data-test-id="canvas-node"]', { timeout: WAIT_MS });
	await page.waitForTimeout(SETTLE_MS);
}

export async function openPanel(page, nodeName) {
	await page.locator(`[data-test-id="canvas-node"][data-node-name="${nodeName}"]`).first().dblclick();
	await page.waitForSelector('[data-test-id="ndv"]', { timeout: WAIT_MS });
	await page.waitForTimeout(SETTLE_MS);
}

/** Installed beside n8n when it is first needed: the package's own tests do without it. */
async function loadPlaywright() {
	if (findChromium() === undefined)
		throw new Error('Expected Chromium on this machine, found none: install it, or name it by CHROMIUM');
	const folder = path.join(serverFolder, 'browser');
	if (!existsSync(path.join(folder, 'node_modules', 'playwright-core'))) {
		mkdirSync(folder, { recursive: true });
		// Without a description of its own, npm would install into a folder above.
		writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
		const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', PLAYWRIGHT];
		await runQuietly('Installing playwright-core', 'npm', args, { cwd: folder, env: process.env });
	}
	return createRequire(path.join(folder, 'package.json'))('playwright-core');
}
