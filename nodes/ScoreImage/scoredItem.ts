import type { IBinaryKeyData, IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { ImageScore } from '../../src/scoring/request';
import type { OutputChoice } from './scoreOptions';

const PNG = 'image/png';

/** The output item of a scored image. */
export async function scoredItem(
	context: IExecuteFunctions,
	index: number,
	{ score, choice }: { readonly score: ImageScore; readonly choice: OutputChoice },
): Promise<INodeExecutionData> {
	const { json, binary } = context.getInputData()[index];
	const pictures = await picturesOf(context, score);
	const kept = choice.keepImage ? { ...binary, ...pictures } : pictures;
	return {
		json: { ...(choice.includeInput && json), ...fieldsOf(score) },
		...(Object.keys(kept).length > 0 && { binary: kept }),
		pairedItem: { item: index },
	};
}

/** Flat, so that tables take it as it is; only the regions are a list. */
function fieldsOf(score: ImageScore): IDataObject {
	const { regions, timings } = score;
	return {
		file: score.file,
		category: score.category,
		score: score.score,
		normalizedScore: score.normalizedScore,
		pValue: score.pValue,
		verdict: score.verdict,
		threshold: score.threshold,
		thresholdBasis: score.thresholdBasis,
		thresholdExtrapolated: score.thresholdExtrapolated,
		reviewThreshold: score.reviewThreshold,
		calibrationImages: score.calibrationImages,
		calibrationCategory: score.calibrationCategory,
		inspectedShare: score.inspectedShare,
		outOfDistribution: score.outOfDistribution,
		distributionDistance: score.distributionDistance,
		distributionLimit: score.distributionLimit,
		resembles: score.resembles,
		unknownReason: score.unknownReason,
		regionCount: regions.length,
		largestRegionPx: Math.max(0, ...regions.map(({ areaPx }) => areaPx)),
		regions: regions.map(({ box, areaPx, peak }) => ({ box: [...box], areaPx, peak })),
		width: score.width,
		height: score.height,
		...(score.mapWidth !== undefined && { mapWidth: score.mapWidth, mapHeight: score.mapHeight }),
		model: score.model,
		version: score.version,
		encoder: score.encoder,
		device: score.device,
		precision: score.precision,
		milliseconds: Math.round(timings.totalMs),
	};
}

async function picturesOf(context: IExecuteFunctions, score: ImageScore): Promise<IBinaryKeyData> {
	const base = score.file.replace(/\.[^.]*$/, '');
	const { heatmapPng, maskPng, rawMap } = score;
	const pictures: IBinaryKeyData = {};
	if (heatmapPng)
		pictures.heatmap = await context.helpers.prepareBinaryData(
			Buffer.from(heatmapPng),
			`${base}_heatmap.png`,
			PNG,
		);
	if (maskPng)
		pictures.mask = await context.helpers.prepareBinaryData(
			Buffer.from(maskPng),
			`${base}_mask.png`,
			PNG,
		);
	if (rawMap)
		pictures.rawMap = await context.helpers.prepareBinaryData(
			littleEndian(rawMap),
			`${base}_map.f32`,
			'application/octet-stream',
		);
	return pictures;
}

/** Row after row as float32, least significant byte first, whatever this machine's order is. */
function littleEndian(map: Float32Array): Buffer {
	const bytes = Buffer.alloc(map.length * Float32Array.BYTES_PER_ELEMENT);
	for (let i = 0; i < map.length; i++) bytes.writeFloatLE(map[i], i * Float32Array.BYTES_PER_ELEMENT);
	return bytes;
}
