import path from 'node:path';
import type { Dataset } from '../dataset/dataset';
import { fingerprintDataset } from '../dataset/fingerprint';
import { DinomalyError } from '../errors';
import type { ModelCard } from '../store/card';
import { ZONES_FILE } from '../store/zonesFile';
import { versionsInUse } from '../training/publish';
import { modelHash } from './modelHash';
import { DEFAULT_POLICY } from '../routing/calibration';
import type { CalibrationFile } from '../store/calibration';
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
	{ card, calibration }: { readonly card: ModelCard; readonly calibration?: CalibrationFile },
	dataset: Dataset,
	{ maskRule, maxFpr, pixelMode, threads = 0, signal }: EvaluationSettings,
): Promise<MadeWith> {
	const categories = dataset.categories.map((category) => ({ ...category, train: [] }));
	return {
		modelSha256: modelHash(card),
		encoderSha256: card.encoder.sha256,
		imageSize: card.config.imageSize,
		cropSize: card.config.cropSize,
		tiling: card.config.tiling ?? null,
		maskRule,
		maxFpr,
		pixelMode,
		...thresholdRuleOf(calibration),
		zonesSha256: Object.hasOwn(card.files, ZONES_FILE) ? card.files[ZONES_FILE].sha256 : null,
		threads,
		datasetRoot: path.basename(dataset.root),
		datasetFingerprint: await fingerprintIfReadable({ ...dataset, categories }, signal),
		versions: versionsInUse(),
	};
}

/** What the thresholds are to achieve; nothing without a calibration. */
function thresholdRuleOf(
	calibration: CalibrationFile | undefined,
): Pick<MadeWith, 'falseAlarmRate' | 'thresholdRule'> {
	if (calibration === undefined) return { falseAlarmRate: null, thresholdRule: null };
	const { strategy } = calibration.policy ?? DEFAULT_POLICY;
	return {
		falseAlarmRate: strategy.kind === 'falseAlarmRate' ? strategy.rate : null,
		thresholdRule: Object.values(strategy).join(' '),
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
