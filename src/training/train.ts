import { scanDataset } from '../dataset/scan';
import { readEncoder } from '../encoding/encoder';
import { keepEncoder } from '../encoding/modelEncoder';
import { resolveZones } from '../calibration/resolveZones';
import { DinomalyError } from '../errors';
import { separateModelName, validateName } from '../store/names';
import { storeLayout } from '../store/paths';
import { requireSigner } from '../store/signingKeys';
import { zonesFor, type InspectionZones } from '../zones/inspectionZones';
import { resolveEncoder } from '../weights/resolveEncoder';
import { presetEncoder } from './config';
import { report, trainOne, type TrainContext } from './modelTraining';
import type { TrainedModel, TrainRequest, TrainResult } from './request';

/**
 * Trains one model on all categories, or one per category, and publishes it.
 * @throws DinomalyError; CANCELLED when the signal fired, with a checkpoint kept
 */
export async function trainModel(request: TrainRequest, context: TrainContext): Promise<TrainResult> {
	validateName(request.model, 'model');
	await requireSigner();
	report(context, request.model, 'reading', 0, 1);
	const dataset = await scanDataset(request.data, {
		categories: request.categories,
		signal: context.signal,
	});
	const trainable = dataset.categories.filter(({ train }) => train.length > 0);
	if (trainable.length === 0) {
		throw new DinomalyError(
			'DATASET_EMPTY',
			`Expected normal training images in ${request.data}, found none`,
			{
				hint: 'Put good images into <category>/train/good, or give a folder that holds good images only.',
			},
		);
	}
	const zones =
		request.zones &&
		(await resolveZones(
			request.zones,
			trainable.map(({ name }) => name),
		));
	const resolved = await resolveEncoder(request.encoder ?? presetEncoder(request.preset), {
		cacheDir: storeLayout(request.store).encoders,
		hub: request.hub,
		signal: context.signal,
	});
	const encoder = await readEncoder(resolved);
	await keepEncoder(request.store, resolved);
	if (!request.separate) {
		const entries = trainable.flatMap(({ train }) => train);
		return {
			models: [await trainOne(request.model, entries, { request, context, dataset, encoder, zones })],
		};
	}
	const models: TrainedModel[] = [];
	for (const { name, train } of trainable) {
		models.push(
			await trainOne(separateModelName(request.model, name), train, {
				request,
				context,
				dataset,
				encoder,
				zones: zones && zonesOfCategory(zones, name),
			}),
		);
	}
	return { models };
}

/** The zones of a model of one category; undefined when none is for it. */
function zonesOfCategory(zones: InspectionZones, category: string): InspectionZones | undefined {
	const own = zonesFor(zones, category);
	return own.length === 0 ? undefined : { ...zones, zones: own };
}
