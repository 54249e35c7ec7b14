// A workflow that shows one node with its defaults.

export function oneNodeWorkflow({ name, displayName, version, defaults }) {
	const start = { id: 'start', name: 'Start', type: 'n8n-nodes-base.manualTrigger', typeVersion: 1 };
	const typeVersion = Array.isArray(version) ? Math.max(...version) : version;
	const shown = {
		id: 'shown',
		name: displayName,
		type: name,
		typeVersion,
		parameters: { ...defaults.parameters },
	};
	return {
		name: `Panel of ${displayName}`,
		nodes: [
			{ ...start, position: [0, 0], parameters: {} },
			{ ...shown, position: [260, 0] },
		],
		connections: { Start: { main: [[{ node: displayName, type: 'main', index: 0 }]] } },
	};
}
