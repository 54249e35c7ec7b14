import path from 'node:path';
import type { Dataset } from '../dataset/dataset';
import { fingerprintDataset } from '../dataset/fingerprint';
import { DinomalyError } from '../errors';
import type { ModelCard } from '../store/card';
import { versionsInUse } from '../training/publish';
import { modelHash } from './modelHash';
import { DEFAULT_FALSE_ALARM_RATE } from '../routing/calibration';
import type { MadeWith, MaskRuleName, PixelMode } from './request';

interface EvaluationSettings {
	readonly maskRule: MaskRuleName;
	readonly maxFpr: number;
	readonly pixelMode: PixelMode;
	readonly threads?: number;
	readonly signal: AbortSignal;
}

/** Writes down what an evaluation rests on. Only the test images count: training images may come and go. */
export async function describeMaking(
	card: ModelCard,
	dataset: Dataset,
	{ maskRule, maxFpr, pixelMode, threads = 0, signal }: EvaluationSettings,
): Promise<MadeWith> {
	const categories = dataset.categories.map((category) => ({ ...category, train: [] }));
	return {
		modelSha256: modelHash(card),
		encoderSha256: card.encoder.sha256,
		imageSize: card.config.imageSize,
		cropSize: card.config.cropSize,
		maskRule,
		maxFpr,
		pixelMode,
		falseAlarmRate: DEFAULT_FALSE_ALARM_RATE,
		threads,
		datasetRoot: path.basename(dataset.root),
		datasetFingerprint: await fingerprintIfReadable({ ...dataset, categories }, signal),
		versions: versionsInUse(),
	};
}

/** An image that cannot be read is reported with the others that failed; it must not end the evaluation. */
async function fingerprintIfReadable(dataset: Dataset, signal: AbortSignal): Promise<string | null> {
	try {
		return await fingerprintDataset(dataset, { signal });
	} catch (error) {
		if (error instanceof DinomalyError && error.code === 'INPUT_MISSING') return null;
		throw error;
	}
}
