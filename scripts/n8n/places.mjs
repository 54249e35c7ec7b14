// Where the n8n for demonstration and tests lies: beside the package, in a folder that git ignores.
import path from 'node:path';
import { root } from '../setup.mjs';

export const NODE_VERSION = '24.21.0';
/** 2.41.3 needs packages that the registry does not have. */
export const N8N_VERSION = '2.41.1';

/** A folder elsewhere, shared by several checkouts, is named by DINOMALY_N8N_SERVER. */
export const serverFolder = path.resolve(process.env.DINOMALY_N8N_SERVER ?? path.join(root, '.n8n-server'));
const modules = path.join(serverFolder, 'node_modules');

export const n8nProgram = path.join(modules, 'n8n', 'bin', 'n8n');

/** The Node.js that runs n8n: this one when it is new enough, else the one installed beside n8n. */
export function nodeProgram() {
	if (isNewEnough()) return process.execPath;
	return path.join(modules, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
}

export function isNewEnough() {
	return process.versions.node.split('.')[0] === NODE_VERSION.split('.')[0];
}

/** An environment in which `node` and npm's scripts mean the Node.js that runs n8n. */
export function withNode(environment = process.env) {
	const name = Object.keys(environment).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';
	const folders = [path.dirname(nodeProgram()), environment[name]].filter(Boolean);
	return { ...environment, [name]: folders.join(path.delimiter) };
}
