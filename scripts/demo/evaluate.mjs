// Runs the evaluation template and prints its figures.
import { decimals, table } from './table.mjs';
import { runTemplate } from './train.mjs';

/** The encoders that come with the package. */
const OWN_ENCODERS = ['descriptors', 'embedded'];

/** Figures to print, where the items have them. */
const COLUMNS = [
	['category', 'category'],
	['imageAuroc', 'image AUROC'],
	['imageF1Max', 'image F1-max'],
	['pixelAuroc', 'pixel AUROC'],
	['aupro', 'AUPRO'],
];

export async function runEvaluation(client, id, template) {
	const items = await runTemplate(client, id, template, 'evaluateMetrics');
	const columns = COLUMNS.filter(([field]) => items.some(({ json }) => json[field] !== undefined));
	const rows = items.map(({ json }) =>
		columns.map(([field]) =>
			typeof json[field] === 'number' ? decimals(json[field]) : (json[field] ?? 'mean'),
		),
	);
	console.log(
		table(
			columns.map(([, heading]) => heading),
			rows,
		),
	);
	if (items.some(({ json }) => OWN_ENCODERS.includes(json.encoder)))
		console.log(
			"These figures are with the package's own encoder. Where there is network, DINOv2 finds more (docs/encoders.md).",
		);
}
