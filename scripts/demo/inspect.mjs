// Posts images to the inspection template's webhook, as a camera would.
import { nodeOf } from './templates.mjs';
import { decimals, table } from './table.mjs';

/** Prints what the template answers to each image. */
export async function inspectImages(url, template, images) {
	const { parameters } = nodeOf(template, 'webhook');
	const rows = [];
	for (const { category, kind, name, bytes } of images) {
		const answer = await postImage(`${url}/webhook/${parameters.path}`, { category, name, bytes });
		rows.push([
			`${category}/${kind}/${name}`,
			kind === 'good' ? 'good' : 'defective',
			answer.verdict ?? '-',
			decimals(answer.score),
			decimals(answer.threshold),
			decimals(answer.normalizedScore),
			answer.ms,
		]);
	}
	const headings = ['image', 'the part is', 'verdict', 'score', 'threshold', 'normalised', 'ms'];
	console.log(table(headings, rows));
	const right = rows.filter(([, truth, verdict]) => (truth === 'good') === (verdict === 'normal')).length;
	console.log(`${right} of ${rows.length} verdicts are right.`);
	return rows;
}

async function postImage(address, { category, name, bytes }) {
	const began = performance.now();
	const form = new FormData();
	form.append('data', new Blob([bytes], { type: 'image/jpeg' }), name);
	form.append('category', category);
	const response = await fetch(`${address}?category=${encodeURIComponent(category)}`, {
		method: 'POST',
		body: form,
	});
	const text = await response.text();
	if (!response.ok)
		throw new Error(
			`Expected a verdict from ${address}, found ${response.status}: ${text.slice(0, 300)}`,
		);
	const parsed = JSON.parse(text);
	const [answer] = Array.isArray(parsed) ? parsed : [parsed];
	return { ...answer, ms: Math.round(performance.now() - began) };
}
