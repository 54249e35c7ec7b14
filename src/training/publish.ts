import path from 'node:path';
import type { Distribution } from '../distribution/distribution';
import { DISTRIBUTION_FILE, writeDistribution } from '../distribution/distributionFile';
import { packageVersion } from '../packageVersion';
import { loadNative } from '../runtime/native';
import { describeRuntime } from '../runtime/session';
import type { DecoderParameters } from '../scoring/scorer';
import type { CalibrationFile } from '../store/calibration';
import { TRAINING_FILE, type CategoryOfCard, type VersionsOfCard } from '../store/card';
import type { ModelStore, OpenedModel } from '../store/modelStore';
import { ZONES_FILE, zonesDocument } from '../store/zonesFile';
import type { EncoderArchitecture } from '../weights/encoderArchitecture';
import type { ResolvedEncoder } from '../weights/resolveEncoder';
import type { InspectionZones } from '../zones/inspectionZones';
import { writeSafetensors } from '../weights/safetensors';
import type { TrainingPlan } from './plan';

export interface FinishedTraining {
	readonly model: string;
	/** Folder for files on their way into the store. */
	readonly folder: string;
	readonly plan: TrainingPlan;
	readonly encoder: ResolvedEncoder;
	readonly architecture: EncoderArchitecture;
	readonly categories: readonly CategoryOfCard[];
	/** Name of the dataset folder. */
	readonly dataRoot: string;
	/** Images that could not be read. */
	readonly skipped: number;
	/** Loss of every iteration. */
	readonly losses: readonly number[];
	readonly parameters: DecoderParameters;
	readonly calibration: CalibrationFile | undefined;
	/** Where the model looks; everywhere when undefined. */
	readonly zones: InspectionZones | undefined;
	readonly distribution: Distribution;
	readonly device: string;
	/** 0: the runtime's own choice. */
	readonly threads: number;
	readonly seconds: { readonly encoding: number; readonly training: number; readonly total: number };
	readonly notices: readonly string[];
}

/** Writes a finished training into the store as a new version of its model. */
export async function publishModel(store: ModelStore, finished: FinishedTraining): Promise<OpenedModel> {
	const { plan, encoder, losses, calibration, distribution, zones } = finished;
	const decoder = path.join(finished.folder, 'decoder.safetensors');
	const tensors = [...finished.parameters].map(([name, { data, shape }]) => ({
		name,
		dtype: 'F32' as const,
		shape,
		data,
	}));
	await writeSafetensors(decoder, tensors, { format: 'dinomaly', model: finished.model });
	const distributionFile = path.join(finished.folder, DISTRIBUTION_FILE);
	const isDescribed = distribution.categories.length > 0;
	if (isDescribed) await writeDistribution(distributionFile, distribution);
	return store.publish(finished.model, {
		card: {
			config: plan.config,
			encoder: {
				name: encoder.name,
				sha256: encoder.sha256,
				architecture: describeArchitecture(finished.architecture),
				...(encoder.notice === undefined ? {} : { notice: encoder.notice }),
			},
			seed: plan.seed,
			categories: finished.categories,
			data: { root: finished.dataRoot, fingerprint: plan.fingerprint, skipped: finished.skipped },
			training: {
				iterations: losses.length,
				finalLoss: losses[losses.length - 1],
				seconds: finished.seconds.total,
				device: finished.device,
				threads: finished.threads,
			},
			versions: versionsInUse(),
		},
		files: {
			'decoder.safetensors': { file: decoder },
			[TRAINING_FILE]: { json: { losses, seconds: finished.seconds, notices: finished.notices } },
			...(calibration ? { 'calibration.json': { json: calibration } } : {}),
			...(zones ? { [ZONES_FILE]: { json: zonesDocument(zones) } } : {}),
			...(isDescribed ? { [DISTRIBUTION_FILE]: { file: distributionFile } } : {}),
		},
	});
}

/** Versions of everything that has a part in the numbers. */
export function versionsInUse(): VersionsOfCard {
	return {
		package: packageVersion(),
		node: process.version,
		onnxruntime: describeRuntime().version,
		sharp: (loadNative('sharp') as { versions: { sharp: string } }).versions.sharp,
		platform: `${process.platform}-${process.arch}`,
	};
}

function describeArchitecture({ family, patch, dim, heads, depth, registers }: EncoderArchitecture): string {
	const tail = registers > 0 ? `, ${registers} registers` : '';
	return `${family} patch ${patch}, width ${dim}, ${heads} heads, ${depth} blocks${tail}`;
}
