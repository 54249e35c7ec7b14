// Runs the training template as a click in the editor would, and shows how far it is.
import { outputsOf } from '../n8n/client.mjs';
import { showProgress } from './progress.mjs';
import { nodeOf } from './templates.mjs';

/** Runs the training template, showing its progress. @returns the items that Train Dinomaly gave out */
export function runTraining(client, id, template) {
	return showProgress(() => runTemplate(client, id, template, 'trainDinomaly'));
}

/** Runs a template from its first trigger and gives the items of one node; throws what n8n says when it fails. */
export async function runTemplate(client, id, template, type) {
	const trigger = triggerOf(template);
	const execution = await client.untilState(
		await client.runWorkflow(id, trigger.name),
		undefined,
		3_600_000,
	);
	if (execution.status !== 'success') {
		const { message, description } = execution.data.resultData.error ?? {};
		throw new Error(
			`Expected workflow "${template.name}" to succeed, found ${execution.status}: ${message}\n${description ?? ''}`,
		);
	}
	return outputsOf(execution, nodeOf(template, type).name).flat();
}

function triggerOf(template) {
	const trigger = ['manualTrigger', 'scheduleTrigger']
		.map((type) => nodeOf(template, type))
		.find((node) => node !== undefined && !node.disabled);
	if (trigger === undefined) throw new Error(`Expected a trigger in "${template.name}", found none`);
	return trigger;
}
