import path from 'node:path';
import { setImmediate as nextTick } from 'node:timers/promises';
import type { Dataset, ImageEntry } from '../dataset/dataset';
import {
	describeImages,
	evenly,
	MEMORY_IMAGES,
	type Distribution,
	type KnownEmbedding,
} from '../distribution/distribution';
import { DISTRIBUTION_FILE, writeDistribution } from '../distribution/distributionFile';
import { DinomalyError } from '../errors';
import { inTemporaryFolder } from '../files/temporaryFolder';
import type { RgbImage } from '../imaging/image';
import { decodeImage } from '../runtime/images';
import { readAhead } from '../runtime/readAhead';
import type { ReadyModel } from '../scoring/openModel';
import type { FileSource } from '../store/modelStore';

/**
 * What a model knows of good images, with those given added. A model that was trained before models knew learns it here, from the training
 * images of the dataset as well, where it has some.
 */
export async function describeGood(
	model: ReadyModel,
	images: readonly KnownEmbedding[],
	{ dataset, signal }: { readonly dataset: Dataset; readonly signal: AbortSignal },
): Promise<Distribution> {
	const { distribution, opened } = model;
	const isKnown = ({ category }: KnownEmbedding): boolean =>
		opened.card.categories.some(({ name }) => name === category);
	const own = images.filter(isKnown);
	if (distribution !== null) return describeImages(own, distribution.controls, distribution.categories);
	const trained = await embedTrainingImages(dataset, model, signal);
	return describeImages([...trained.filter(isKnown), ...own], await model.embedControls());
}

/** The images that lie beyond what a model knows as good, in words; nothing when there are none. */
export function noticeOfUnlikeGood(model: ReadyModel, images: readonly KnownEmbedding[]): string[] {
	const unlike = images.filter(
		({ category, embedding }) => model.place(embedding, category)?.isUnknown === true,
	).length;
	if (unlike === 0) return [];
	return [
		`${unlike} of ${images.length} good images are unlike anything seen in training: from now on such images count as known, so make sure that they belong here`,
	];
}

/** Gives `use` the file that holds a distribution, or none where there is nothing to tell; afterwards the file is gone. */
export async function withDistribution<T>(
	distribution: Distribution | undefined,
	use: (files: Readonly<Record<string, FileSource>>) => Promise<T>,
): Promise<T> {
	if (distribution === undefined || distribution.categories.length === 0) return use({});
	return inTemporaryFolder('distribution', async (folder) => {
		const file = path.join(folder, DISTRIBUTION_FILE);
		await writeDistribution(file, distribution);
		return await use({ [DISTRIBUTION_FILE]: { file } });
	});
}

/** Of each category as many as would be kept; those that cannot be read were no part of the training either. */
async function embedTrainingImages(
	{ layout, categories }: Dataset,
	model: ReadyModel,
	signal: AbortSignal,
): Promise<KnownEmbedding[]> {
	if (layout === 'plain') return [];
	const entries = categories.flatMap(({ train }) => evenly(train, MEMORY_IMAGES));
	const found: KnownEmbedding[] = [];
	let next = 0;
	for await (const image of readAhead(entries, readImage)) {
		signal.throwIfAborted();
		const { category } = entries[next++];
		if (image !== null) found.push({ category, embedding: await model.embed(image) });
		await nextTick();
	}
	return found;
}

async function readImage({ path: file }: ImageEntry): Promise<RgbImage | null> {
	try {
		return await decodeImage(file);
	} catch (error) {
		if (error instanceof DinomalyError) return null;
		throw error;
	}
}
