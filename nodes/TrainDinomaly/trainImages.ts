import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { freeStem, safeStem } from '../../src/dataset/intake/fileName';
import { writeFileAtomic } from '../../src/files/atomicFile';
import { throwIfCancelled } from '../shared/cancel';
import { categoryProperties, readCategory } from '../shared/category';
import { findImage, readImage } from '../shared/images';

/** The category of images that come without one. */
const NO_CATEGORY = 'part';
/** What a file really is, its first bytes say; datasets are searched for these names. */
const EXTENSION = /\.(png|jpe?g|webp|tiff?|gif|avif|bmp)$/i;

/** Which product an incoming image shows; without any, all images are of one. */
export const imageCategoryProperties: INodeProperties[] = categoryProperties.map((property) => {
	const { name } = property;
	if (name === 'categorySource') {
		return {
			...property,
			description: 'Which kind of product an image shows',
			options: [
				{
					name: 'Fixed Value or Expression',
					value: 'fixed',
					description: 'Give the category here; an expression is read for each item',
				},
				{
					name: 'Item Field',
					value: 'field',
					description: 'Take the category from a field of the item',
				},
				{
					name: 'None',
					value: 'none',
					description: `All images show one kind of product, called "${NO_CATEGORY}"`,
				},
			],
		};
	}
	return name === 'category'
		? { ...property, description: 'Kind of product that the image shows' }
		: property;
});

/**
 * Writes the images of all items into `folder` as a dataset of good training images, one at a time, so that however many there are only
 * one is in memory. Names come from the files and, where two are the same, their contents: the same items make the same dataset.
 */
export async function writeTrainImages(context: IExecuteFunctions, folder: string): Promise<void> {
	const taken = new Map<string, Set<string>>();
	const hint = 'Give the kind of product that the image shows, or set Category Comes From to None.';
	for (const index of context.getInputData().keys()) {
		throwIfCancelled(context);
		const fieldName = context.getNodeParameter('binaryPropertyName', index, 'data');
		const { name, bytes, field } = await readImage(context, index, fieldName);
		const category =
			readCategory(context, index, { image: findImage(context, index, field).data, hint }) ??
			NO_CATEGORY;
		const stems = taken.get(category) ?? new Set<string>();
		taken.set(category, stems);
		const sha256 = createHash('sha256').update(bytes).digest('hex');
		const stem = freeStem(safeStem(name), sha256, (candidate) => stems.has(candidate));
		stems.add(stem.toLowerCase());
		const extension = EXTENSION.exec(name)?.[1]?.toLowerCase() ?? 'png';
		await writeFileAtomic(join(folder, category, 'train', 'good', `${stem}.${extension}`), bytes);
	}
}
