// Runs the training template as a click in the editor would, and shows how far it is.
import { outputsOf } from '../n8n/client.mjs';
import { nodeOf } from './templates.mjs';

const PROGRESS = /dinomaly|train/i;

/**
 * @param options.lines the log of n8n as it comes: { subscribe(listener) => unsubscribe }
 * @returns the items that Train Dinomaly gave out
 */
export async function runTraining(client, id, template, { lines }) {
	const stopListening = lines.subscribe((line) => {
		if (PROGRESS.test(line)) console.log(`  ${line.trim()}`);
	});
	try {
		return await runTemplate(client, id, template, 'trainDinomaly');
	} finally {
		stopListening();
	}
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
