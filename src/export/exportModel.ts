import { findModelEncoder } from '../encoding/modelEncoder';
import { DinomalyError } from '../errors';
import { writeFileAtomic } from '../files/atomicFile';
import { serialise } from '../graph';
import { int8Options } from '../scoring/checkedPrecision';
import { closing } from '../scoring/loadedCache';
import { loadModel, openVersion, readParameters } from '../scoring/openModel';
import type { ServedPrecision } from '../scoring/request';
import { checkExport } from './checkExport';
import { exportGraph } from './exportGraph';
import { describePreprocessing } from './preprocessing';
import { writeRepository } from './repository';
import { serverName, type ExportContext, type ExportRequest, type ExportResult } from './request';

/**
 * Writes a model as one self-contained ONNX file, alone or into a repository of models for an inference server, after holding it against the
 * model itself. Card, calibration, preprocessing and check travel in the file's metadata.
 * @throws CONFIG_INVALID for a model of tiles or zones that is to be one file, and what `checkExport` throws, before anything is written
 */
export async function exportModel(request: ExportRequest, { signal }: ExportContext): Promise<ExportResult> {
	const { store, model, precision = 'float32', data, threads } = request;
	const target = targetOf(request);
	const opened = await openVersion(store, model);
	const { card, calibration, zones, name, version } = opened;
	const forServer = target.repository !== undefined;
	if (!forServer && card.config.tiling !== undefined) throw tiledModel(card.name);
	if (!forServer && zones !== undefined) throw modelWithZones(`${name}@${version}`);
	if (precision !== 'float32' && data === undefined) throw needsImages(precision);
	if (precision === 'int8') await int8Options({});
	const serverModel = serverName({ ...request, model: name });
	const encoder = await findModelEncoder(store, card);
	const parameters = await readParameters(`${opened.path}/decoder.safetensors`);
	signal.throwIfAborted();
	const graph = await exportGraph({ opened, encoder, parameters, precision, forServer });
	const preprocessing = describePreprocessing(opened);
	const write = (more: Readonly<Record<string, string>>): Uint8Array =>
		serialise(graph, { producerVersion: card.versions.package, metadata: { preprocessing, ...more } });
	const check = await closing(await loadModel(store, opened, { device: 'cpu', threads }), (original) =>
		checkExport({
			bytes: write({}),
			precision,
			forServer,
			original,
			width: encoder.dims.dim,
			data,
			threads,
			signal,
		}),
	);
	const bytes = write({
		card: JSON.stringify(card),
		...(calibration ? { calibration: JSON.stringify(calibration) } : {}),
		precision,
		check: JSON.stringify(check),
	});
	const result = { model: name, version, bytes: bytes.byteLength, precision, check };
	if (target.repository === undefined) {
		await writeFileAtomic(target.onnxPath, bytes);
		return { ...result, path: target.onnxPath };
	}
	const entry = { opened, name: serverModel, graph, bytes, precision, check, preprocessing };
	return { ...result, path: await writeRepository(target.repository, entry), serverModel };
}

type Target =
	| { readonly repository: string; readonly onnxPath?: undefined }
	| { readonly onnxPath: string; readonly repository?: undefined };

function targetOf({ onnxPath, repository }: ExportRequest): Target {
	if (onnxPath !== undefined && repository === undefined) return { onnxPath };
	if (repository !== undefined && onnxPath === undefined) return { repository };
	throw new DinomalyError(
		'CONFIG_INVALID',
		`Expected either one file or a folder of models for a server to export to, found ${onnxPath === undefined ? 'neither' : 'both'}`,
		{ hint: 'Give one of the two.' },
	);
}

function needsImages(precision: ServedPrecision): DinomalyError {
	return new DinomalyError(
		'CONFIG_INVALID',
		`Expected images to hold an export in ${precision} against the model with, found none`,
		{
			hint: 'Name the folder that the model was calibrated with (--data, Check with Images Of), or export in float32.',
		},
	);
}

/** The file gives the score of the whole image, which the thresholds of a model with zones do not hold for. */
function modelWithZones(ref: string): DinomalyError {
	return new DinomalyError(
		'CONFIG_INVALID',
		`Expected a model that inspects whole images for one ONNX file, found that "${ref}" has zones`,
		{
			hint: 'Export it for an inference server, which Score Image tells what to look at, move the model as a package, or export a version without zones.',
		},
	);
}

/** One ONNX file has one input of one size; cutting, merging and scoring tiles would be left to whoever runs it. */
function tiledModel(name: string): DinomalyError {
	return new DinomalyError(
		'CONFIG_INVALID',
		`Expected a model that sees whole images for one ONNX file, found that "${name}" cuts them into tiles`,
		{
			hint: 'Export it for an inference server, to which Score Image sends the tiles, move the model as a package, or train one without tiles.',
		},
	);
}
