import { findModelEncoder } from '../encoding/modelEncoder';
import { DinomalyError } from '../errors';
import { Graph, serialise } from '../graph';
import { appendEncoder } from '../model/encoder';
import { appendScoring } from '../model/scoringGraph';
import { writeFileAtomic } from '../files/atomicFile';
import { openModelStore } from '../store/openModelStore';
import { readParameters } from './openModel';

export interface ExportRequest {
	readonly store: string;
	/** `name`, `name@version` or `name@alias`. */
	readonly model: string;
	/** Where the file is written. */
	readonly onnxPath: string;
}

export interface ExportContext {
	readonly signal: AbortSignal;
}

export interface ExportResult {
	readonly model: string;
	readonly version: string;
	readonly path: string;
	readonly bytes: number;
}

/**
 * Writes a model as one self-contained ONNX file: `image` (1, 3, crop, crop), RGB normalised as the metadata says, to
 * `map` (1, 256, 256) and `score` (1). Card and calibration travel in the metadata.
 * @throws CONFIG_INVALID for a model that cuts images into tiles, or has zones
 */
export async function exportModel(
	{ store, model, onnxPath }: ExportRequest,
	{ signal }: ExportContext,
): Promise<ExportResult> {
	const { card, calibration, zones, path, name, version } = await openModelStore(store).open(model);
	if (card.config.tiling !== undefined) throw tiledModel(card.name);
	if (zones !== undefined) throw modelWithZones(`${name}@${version}`);
	const { weights, dims } = await findModelEncoder(store, card);
	const parameters = await readParameters(`${path}/decoder.safetensors`);
	signal.throwIfAborted();
	const { cropSize, groups } = card.config;
	const graph = new Graph();
	const image = graph.input('image', 'float32', [1, 3, cropSize, cropSize]);
	const features = appendEncoder(image, {
		weights,
		cropSize,
		groups,
		images: 1,
		targetLayers: dims.targetLayers,
	});
	const { map, score } = appendScoring(features, { config: card.config, dims, parameters, images: 1 });
	graph.output('map', map);
	graph.output('score', score);
	const bytes = serialise(graph, {
		producerVersion: card.versions.package,
		metadata: {
			preprocessing: `RGB, resize to ${card.config.imageSize} x ${card.config.imageSize} bilinear with antialiasing, centre crop ${cropSize}, divide by 255, subtract (0.485, 0.456, 0.406), divide by (0.229, 0.224, 0.225)`,
			card: JSON.stringify(card),
			...(calibration ? { calibration: JSON.stringify(calibration) } : {}),
		},
	});
	await writeFileAtomic(onnxPath, bytes);
	return { model: name, version, path: onnxPath, bytes: bytes.byteLength };
}

/** The file gives the score of the whole image, which the thresholds of a model with zones do not hold for. */
function modelWithZones(ref: string): DinomalyError {
	return new DinomalyError(
		'CONFIG_INVALID',
		`Expected a model that inspects whole images for one ONNX file, found that "${ref}" has zones`,
		{
			hint: 'Score with this package, move the model as a package, or export a version without zones.',
		},
	);
}

/** One ONNX file has one input of one size; cutting, merging and scoring tiles would be left to whoever runs it. */
function tiledModel(name: string): DinomalyError {
	return new DinomalyError(
		'CONFIG_INVALID',
		`Expected a model that sees whole images for one ONNX file, found that "${name}" cuts them into tiles`,
		{
			hint: 'Score with this package, move the model as a package, or train one without tiles to export it.',
		},
	);
}
