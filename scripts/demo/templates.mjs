// The workflow templates of the package, and which of them plays which part in the demonstration.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../setup.mjs';

const OURS = 'n8n-nodes-dinomaly.';
const N8N = 'n8n-nodes-base.';
const folder = path.join(root, 'workflows');

/** All templates, in the order of their file names. */
export function readTemplates() {
	return readdirSync(folder)
		.filter((name) => name.endsWith('.json'))
		.sort()
		.map((file) => ({ file, ...JSON.parse(readFileSync(path.join(folder, file), 'utf8')) }));
}

/** The first template with nodes of all these types: ours by their short names, n8n's own too. */
export function templateWith(templates, ...types) {
	const found = templates.find((template) => types.every((type) => nodeOf(template, type) !== undefined));
	if (found === undefined)
		throw new Error(`Expected a template with the nodes ${types.join(', ')} in ${folder}, found none`);
	return found;
}

export function nodeOf({ nodes }, type) {
	return nodes.find((node) => node.type === OURS + type || node.type === N8N + type);
}

/** Whether something starts the workflow by itself, so that publishing it means something. */
export function startsByItself({ nodes }) {
	return nodes.some(
		({ type, disabled }) =>
			!disabled && /(webhook|scheduleTrigger|formTrigger|localFileTrigger)$/.test(type),
	);
}
