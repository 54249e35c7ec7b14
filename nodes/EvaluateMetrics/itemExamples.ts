import type { IBinaryKeyData, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import type { ItemImages } from '../../src/evaluation/itemPictures';
import { chooseExamples } from '../../src/evaluation/exampleChoice';
import type { EvaluationExample } from '../../src/evaluation/request';
import type { ScoredItem } from '../../src/evaluation/scoredItems';
import type { EvaluationRun } from '../../src/store/evaluationRun';
import { cancelSignal } from '../shared/cancel';
import { engineFor } from '../shared/engine';
import { addHintOnce } from '../shared/hints';
import { isImage } from '../shared/images';
import { examplesFor } from './finish';

/** Options on the pictures of a report of scored items. */
export const pictureOptions = {
	imageField: {
		displayName: 'Image Binary Field',
		name: 'imageField',
		type: 'string',
		default: 'data',
		description: 'Binary field with the image, for the pictures of the report',
	},
	heatmapField: {
		displayName: 'Heat Map Binary Field',
		name: 'heatmapField',
		type: 'string',
		default: 'heatmap',
		description: 'Binary field with the heat map that Score Image draws, for the pictures of the report',
	},
} satisfies Record<string, INodeProperties>;

interface Scored {
	readonly run: EvaluationRun;
	readonly items: readonly ScoredItem[];
	/** Input index of each item. */
	readonly indices: readonly number[];
}

/**
 * Pictures of the worst misses and false alarms, and of the surest rights, for the report of scored items: from the images, heat maps and
 * masks that the items carry. Nothing without a report; an item without an image is left out.
 */
export async function examplesOfItems(
	context: IExecuteFunctions,
	{ run, items, indices }: Scored,
): Promise<EvaluationExample[]> {
	const count = examplesFor(context, 0);
	if (count === 0) return [];
	// By place: the names of items need not differ.
	const byPlace = items.map((item, place) => ({ ...item, file: String(place) }));
	const chosen = chooseExamples(byPlace, run.categories, count);
	const examples: EvaluationExample[] = [];
	for (const one of chosen) {
		const place = Number(one.file);
		const images = await imagesOf(context, indices[place], one.anomalous);
		if (images === undefined) continue;
		// One after the other, so that n8n's process holds the images of a single item.
		const [drawn] = await engineFor(context).itemPictures(
			{ items: [images] },
			{ signal: cancelSignal(context) },
		);
		const { image, heatmap, truth } = drawn;
		if (image !== null)
			examples.push({ ...one, file: items[place].file, picture: image, heatmap, truth });
	}
	if (chosen.length > 0 && examples.length === 0)
		addHintOnce(
			context,
			'The report has no pictures, since the items came without images. Keep the binary data of Score Image on the way here, and set Image Binary Field if its name is not "data".',
		);
	return examples;
}

async function imagesOf(
	context: IExecuteFunctions,
	index: number,
	isAnomalous: boolean,
): Promise<ItemImages | undefined> {
	const { binary = {} } = context.getInputData()[index];
	const fieldOf = (name: string, fallback: string): string =>
		context.getNodeParameter(name, index, fallback) as string;
	const heatmapField = fieldOf('options.heatmapField', 'heatmap');
	const maskField = fieldOf('maskField', 'groundTruth');
	const imageField = findImage(binary, fieldOf('options.imageField', 'data'), [
		heatmapField,
		maskField,
		'mask',
	]);
	if (imageField === undefined) return undefined;
	const read = (field: string): Promise<Buffer> => context.helpers.getBinaryDataBuffer(index, field);
	return {
		image: await read(imageField),
		...(Object.hasOwn(binary, heatmapField) && { heatmap: await read(heatmapField) }),
		...(isAnomalous && Object.hasOwn(binary, maskField) && { mask: await read(maskField) }),
	};
}

/** The field of that name, or else the first that holds an image and is none of the others. */
function findImage(binary: IBinaryKeyData, name: string, others: readonly string[]): string | undefined {
	if (Object.hasOwn(binary, name)) return name;
	return Object.keys(binary).find((field) => !others.includes(field) && isImage(binary[field]));
}
