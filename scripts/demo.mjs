// The main job on this machine, in a real n8n: draws a sample dataset, trains on it, inspects images by webhook, evaluates, and leaves n8n
// running with all of it in the editor. Needs Node.js 20 and the npm registry; installs the rest beside the package.
//   node scripts/demo.mjs          a second run reuses what is there
//   node scripts/demo.mjs --exit   ends n8n when all is done
import path from 'node:path';
import { runEvaluation } from './demo/evaluate.mjs';
import { alreadyRunning, files, home, markRunning, password } from './demo/home.mjs';
import { inspectImages } from './demo/inspect.mjs';
import { modelExists } from './demo/model.mjs';
import { drawSample, pickImages } from './demo/sample.mjs';
import { openServer } from './demo/server.mjs';
import { nodeOf, readTemplates, startsByItself, templateWith } from './demo/templates.mjs';
import { runTraining } from './demo/train.mjs';
import { openClient } from './n8n/client.mjs';
import { installPackage } from './n8n/community.mjs';
import { installN8n } from './n8n/install.mjs';
import { prepare, root } from './setup.mjs';

const staysOpen = !process.argv.includes('--exit');

try {
	await demonstrate();
} catch (error) {
	console.error(`\n${error.message}`);
	process.exitCode = 1;
}

async function demonstrate() {
	const other = await alreadyRunning();
	if (other !== undefined)
		throw new Error(`The demonstration is running already: ${other} (end it with Ctrl-C there)`);

	step('Install what is missing: packages, Node.js 24, n8n, our nodes in it');
	prepare();
	await installN8n();
	await installPackage(root, home);

	step('Draw a sample dataset: three products, good parts and defects with masks');
	const templates = readTemplates();
	const training = templateWith(templates, 'manualTrigger', 'trainDinomaly');
	const sample = path.join(files, nodeOf(training, 'trainDinomaly').parameters.dataFolder);
	drawSample(sample);

	step('Start n8n and import the workflows');
	const server = await openServer();
	try {
		markRunning(server);
		const client = await openClient(server.url, password());
		const ids = await importAll(client, templates);

		const { model } = nodeOf(training, 'trainDinomaly').parameters;
		step(`Train one model on all three products, by the workflow "${training.name}"`);
		if (modelExists(model)) console.log(`There already: model "${model}" (delete ${home} to begin anew)`);
		else await runTraining(client, ids.get(training), training);

		const inspection = templateWith(templates, 'webhook', 'scoreImage');
		step(`Post good and bad parts to the webhook of "${inspection.name}"`);
		await inspectImages(server.url, inspection, pickImages(sample));

		const evaluation = templateWith(templates, 'scheduleTrigger', 'evaluateMetrics');
		step(`Evaluate on all test images, by the workflow "${evaluation.name}"`);
		await runEvaluation(client, ids.get(evaluation), evaluation);

		if (staysOpen) await leaveOpen(server, client);
	} finally {
		await server.close();
	}
}

async function importAll(client, templates) {
	const ids = new Map();
	for (const template of templates) {
		const id = await client.saveWorkflow(template);
		ids.set(template, id);
		const isLive = startsByItself(template);
		if (isLive) await client.publish(id);
		console.log(`  ${template.name}${isLive ? ' (published)' : ''}`);
	}
	return ids;
}

async function leaveOpen(server, { email }) {
	console.log(`
n8n is running, with the workflows and their executions in it:

  ${server.url}
  ${email}
  ${password()}

Ctrl-C ends it. Everything is in ${home}.`);
	// From here on, ending it is no failure.
	process.exitCode = 0;
	await server.gone;
}

function step(title) {
	console.log(`\n== ${title}`);
}
