// An n8n with the nodes of this checkout, for trying them by hand: node scripts/n8n/dev.mjs [HOME] [PORT]
// Run it again after a change; HOME keeps workflows, models and data.
import path from 'node:path';
import { prepare, root } from '../setup.mjs';
import { openClient } from './client.mjs';
import { installPackage } from './community.mjs';
import { filesFolder } from './environment.mjs';
import { installN8n } from './install.mjs';
import { freePort } from './ports.mjs';
import { startServer } from './server.mjs';

const PASSWORD = 'Dinomaly-dev1';
const [home = path.join(root, '.demo', 'dev'), port = '5678'] = process.argv.slice(2);

prepare();
await installN8n();
await installPackage(root, path.resolve(home));
const server = await startServer(path.resolve(home), {
	port: await freePort(Number(port)),
	onLine: (line) => console.log(line),
});
const { email } = await openClient(server.url, PASSWORD);
console.log(
	`\n${server.url}  ${email}  ${PASSWORD}\nFiles for the nodes: ${filesFolder(path.resolve(home))}\nCtrl-C ends it.`,
);
process.once('SIGINT', () => void server.stop());
process.once('SIGTERM', () => void server.stop());
await server.gone;
