import type { IDataObject } from 'n8n-workflow';
import { describeTiling } from '../../src/imaging/tiling';
import type { ModelCard } from '../../src/store/card';

/** What a card says, in one flat row. */
export function cardFields({ card }: { readonly card: ModelCard }): IDataObject {
	const { config, encoder, training, data, categories } = card;
	const total = (count: (category: (typeof categories)[number]) => number): number =>
		categories.reduce((sum, category) => sum + count(category), 0);
	return {
		created: card.created,
		categories: categories.map(({ name }) => name).join(', '),
		encoder: encoder.name,
		encoderNotice: encoder.notice ?? '',
		imageSize: config.imageSize,
		cropSize: config.cropSize,
		tiling: config.tiling === undefined ? '' : describeTiling(config.tiling),
		trainImages: total(({ trainImages }) => trainImages),
		calibrationImages: total(({ calibrationImages }) => calibrationImages),
		skippedImages: data.skipped,
		dataset: data.root,
		datasetFingerprint: data.fingerprint,
		iterations: training.iterations,
		finalLoss: training.finalLoss,
		trainingSeconds: training.seconds,
		device: training.device,
		seed: card.seed,
		packageVersion: card.versions.package,
		parent: card.parent === undefined ? '' : `${card.parent.name}@${card.parent.version}`,
		...card.metrics,
	};
}

/** "candidate, production" */
export function aliasNames(aliases: Readonly<Record<string, string>>, version: string): string {
	return Object.entries(aliases)
		.filter(([, target]) => target === version)
		.map(([alias]) => alias)
		.join(', ');
}
