// Workflows in a few words.
import { MODEL } from './home.mjs';

const OURS = 'n8n-nodes-dinomaly.';
const N8N = 'n8n-nodes-base.';

/**
 * A workflow whose nodes are wired one after another, each by its first output.
 * @param nodes results of the functions below
 * @param branches more wires: [from, output, to]
 */
export function flow(name, nodes, branches = []) {
	const connections = {};
	const wire = (from, output, to) => {
		const { main } = (connections[from] ??= { main: [] });
		while (main.length <= output) main.push([]);
		main[output].push({ node: to, type: 'main', index: 0 });
	};
	const chain = nodes.filter(({ isBranch }) => !isBranch);
	for (let i = 1; i < chain.length; i++) wire(chain[i - 1].name, 0, chain[i].name);
	for (const [from, output, to] of branches) wire(from, output, to);
	return {
		name,
		nodes: nodes.map(({ isBranch: _, ...node }, i) => ({
			...node,
			id: `node-${i}`,
			position: [i * 220, 0],
		})),
		connections,
	};
}

export function node(type, name, parameters = {}, more = {}) {
	return { type, name, parameters, typeVersion: 1, ...more };
}

/** A node that only a wire in `branches` reaches. */
export function branch(made) {
	return { ...made, isBranch: true };
}

export const manual = () => node(`${N8N}manualTrigger`, 'Start');

/** Takes an image by POST, as the body itself or as a form's field, and answers with what the last node gave. */
export function webhook(path, more = {}) {
	const parameters = { path, httpMethod: 'POST', responseMode: 'lastNode', options: {}, ...more };
	return node(`${N8N}webhook`, 'Webhook', parameters, { typeVersion: 2, webhookId: path });
}

export const noOperation = (name) => node(`${N8N}noOp`, name);

export function readFiles(pattern) {
	return node(`${N8N}readWriteFile`, 'Read Files', { fileSelector: pattern, options: {} });
}

export function scoreImage(parameters = {}, more = {}) {
	return node(`${OURS}scoreImage`, 'Score Image', { model: modelNamed(MODEL), ...parameters }, more);
}

export const router = (parameters = {}) => node(`${OURS}thresholdRouter`, 'Threshold Router', parameters);

export const ours = (type, name, parameters = {}, more = {}) => node(OURS + type, name, parameters, more);

export function modelNamed(name) {
	return { __rl: true, mode: 'name', value: name };
}
