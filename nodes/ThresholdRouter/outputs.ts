import type { INodeOutputConfiguration } from 'n8n-workflow';

/** What the outputs depend on. */
export interface OutputParameters {
	readonly operation?: unknown;
	readonly alarmLogic?: unknown;
	readonly invalidOutput?: unknown;
}

/** The node's outputs. n8n runs its source text, so it may use nothing but its argument. */
export const configuredOutputs = (parameters: OutputParameters): INodeOutputConfiguration[] => {
	if (parameters.operation === 'digest') return [{ type: 'main' }];
	const names = ['Normal', 'Review', 'Anomaly'];
	if (parameters.alarmLogic === true) names.push('Alarm');
	if (parameters.invalidOutput === true) names.push('Invalid');
	return names.map((displayName) => ({ type: 'main', displayName }));
};
