import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { IExecuteFunctions } from 'n8n-workflow';
import { pixelPartOf, type PixelPart } from '../../src/evaluation/categoryMetrics';
import type { MapItem } from '../../src/evaluation/request';
import type { ScoredItem } from '../../src/evaluation/scoredItems';
import { inTemporaryFolder } from '../../src/files/temporaryFolder';
import type { ModelCard } from '../../src/store/card';
import { cancelSignal, throwIfCancelled } from '../shared/cancel';
import { engineFor } from '../shared/engine';
import { failed } from '../shared/failure';
import { readMeasuring } from './measuring';

interface Given {
	readonly items: readonly ScoredItem[];
	/** Input index of each item. */
	readonly indices: readonly number[];
	readonly card: ModelCard;
}

export interface ItemPixels {
	/** By category. */
	readonly pixels: ReadonlyMap<string, PixelPart>;
	/** Items whose defect lies wholly where the model does not look. */
	readonly outside: ReadonlySet<ScoredItem>;
}

/**
 * Pixel metrics of the items by category. The maps go to the engine through a temporary folder, one after the other, so that n8n's
 * process never holds more than one of them.
 */
export async function measurePixels(
	context: IExecuteFunctions,
	{ items, indices, card }: Given,
): Promise<ItemPixels> {
	return inTemporaryFolder('maps', async (folder) => {
		const maps: MapItem[] = [];
		for (const [i, item] of items.entries()) {
			throwIfCancelled(context);
			maps.push(await copyOut(context, indices[i], { item, folder }));
		}
		const { categories, outside } = await engineFor(context).evaluateMaps(
			{
				items: maps,
				imageSize: card.config.imageSize,
				cropSize: card.config.cropSize,
				tiling: card.config.tiling,
				...readMeasuring(context, 0),
			},
			{ signal: cancelSignal(context) },
		);
		return {
			pixels: new Map(categories.map(({ category, ...pixels }) => [category, pixelPartOf(pixels)])),
			outside: new Set(outside.map((item) => items[item])),
		};
	});
}

/** Writes map and mask of one item into the folder. */
async function copyOut(
	context: IExecuteFunctions,
	index: number,
	{ item, folder }: { readonly item: ScoredItem; readonly folder: string },
): Promise<MapItem> {
	const mapField = context.getNodeParameter('rawMapField', index, 'rawMap') as string;
	const maskField = context.getNodeParameter('maskField', index, 'groundTruth') as string;
	const { binary = {}, json } = context.getInputData()[index];
	const { mapWidth, mapHeight } = json;
	if (!Object.hasOwn(binary, mapField)) {
		throw failed(
			context.getNode(),
			{
				message: `Expected the raw anomaly map in binary field "${mapField}", found no such field`,
				hint: 'Switch on the raw map in Score Image, and keep its binary data on the way here.',
			},
			index,
		);
	}
	const mapFile = join(folder, `${index}.map`);
	await writeFile(mapFile, await context.helpers.getBinaryDataBuffer(index, mapField));
	let maskFile: string | null = null;
	if (item.anomalous && Object.hasOwn(binary, maskField)) {
		maskFile = join(folder, `${index}.mask`);
		await writeFile(maskFile, await context.helpers.getBinaryDataBuffer(index, maskField));
	}
	const { category, label, anomalous } = item;
	return {
		category,
		label,
		anomalous,
		mapFile,
		...(typeof mapWidth === 'number' &&
			typeof mapHeight === 'number' && { mapSize: { width: mapWidth, height: mapHeight } }),
		maskFile,
	};
}
