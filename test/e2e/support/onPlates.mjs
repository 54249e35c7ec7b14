// Templates of the package, made to work on the plates.
import { DATA, MODEL } from './home.mjs';

/** A training of seconds, as options of Train Dinomaly. */
const QUICK = { iterations: 10, imageSize: 64, cropSize: 64, batchSize: 8 };

/** The same template with dataset, model and length of training of the tests. */
export function onPlates(template) {
	const text = JSON.stringify(template)
		.replaceAll('inspection/sample', DATA)
		.replaceAll('"value":"sample"', `"value":"${MODEL}"`)
		.replaceAll('"model":"sample"', `"model":"${MODEL}"`);
	const adapted = JSON.parse(text);
	for (const node of adapted.nodes)
		if (node.type.endsWith('.trainDinomaly')) Object.assign((node.parameters.options ??= {}), QUICK);
	return adapted;
}
