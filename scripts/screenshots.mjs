// Pictures of every template and of every node's panel in n8n's editor, light and dark, and a report of errors that the browser saw.
// Needs Chromium. Usage: node scripts/screenshots.mjs OUT_FOLDER [PART_OF_A_NAME]
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { openBrowser, openCanvas, openPanel } from './screenshots/browser.mjs';
import { oneNodeWorkflow } from './screenshots/oneNode.mjs';
import { prepare, root } from './setup.mjs';
import { bootN8n, PASSWORD } from '../test/e2e/support/home.mjs';

const [out, wanted = ''] = process.argv.slice(2);
if (out === undefined) throw new Error('Usage: node scripts/screenshots.mjs OUT_FOLDER [PART_OF_A_NAME]');
mkdirSync(out, { recursive: true });

prepare();
const n8n = await bootN8n();
try {
	const pages = [];
	const templates = path.join(root, 'workflows');
	const files = existsSync(templates) ? readdirSync(templates) : [];
	for (const file of files.filter((name) => name.endsWith('.json'))) {
		const template = JSON.parse(readFileSync(path.join(templates, file), 'utf8'));
		const id = await n8n.client.saveWorkflow(template);
		pages.push({ name: path.basename(file, '.json'), id });
	}
	for (const type of (await n8n.client.nodeTypes()).filter(({ name }) => !name.endsWith('Tool'))) {
		const id = await n8n.client.saveWorkflow(oneNodeWorkflow(type));
		pages.push({ name: type.name.split('.')[1], id, node: type.displayName });
	}
	for (const theme of ['light', 'dark']) {
		const browser = await openBrowser(n8n.server.url, {
			email: n8n.client.email,
			password: PASSWORD,
			theme,
		});
		for (const { name, id, node } of pages.filter((page) => page.name.includes(wanted))) {
			await openCanvas(browser.page, id);
			if (node !== undefined) await openPanel(browser.page, node);
			const file = path.join(out, `${name}-${theme}.png`);
			await browser.page.screenshot({ path: file });
			console.log(file, ...browser.takeErrors().map((error) => `\n  ${error}`));
		}
		await browser.close();
	}
} finally {
	await n8n.close();
}
