import { EXPORT_PRECISIONS, type ExportCheck } from '../export/request';
import { defineCommand } from './command';
import { DEVICE_FLAGS, MODEL_FLAG, oneModel, OUTPUT_FLAGS, STORE_FLAG, storeFolder } from './commonFlags';
import { choice, text, usage } from './flags';

export const exportCommand = defineCommand({
	name: 'models export',
	synopsis: 'NAME[@VERSION|@ALIAS] (--onnx FILE | --repository DIR) [options]',
	summary:
		'Write a model as one self-contained ONNX file, image in, anomaly map and score out; or into the models of an inference server (Triton, KServe, OpenVINO Model Server)',
	examples: [
		'dinomaly models export bottles@production --onnx bottles.onnx',
		'dinomaly models export bottles@3 --repository /srv/models --precision float16 --data ./bottles',
	],
	flags: {
		...MODEL_FLAG,
		onnx: text('FILE', 'File to write'),
		repository: text('DIR', "Folder of a server's models to write NAME/VERSION/model.onnx into"),
		'server-model': text('NAME', 'Name on the server (default: that of the model)'),
		precision: choice(
			EXPORT_PRECISIONS,
			'Numbers to multiply in; the smaller ones need --data (default: float32)',
		),
		data: text('DIR', 'Images to hold the export against the model with (default: drawn pictures)'),
		threads: DEVICE_FLAGS.threads,
		...STORE_FLAG,
		...OUTPUT_FLAGS,
	},
	run: async ({ values, words }, context) => {
		const model = oneModel(values.model, words);
		if ((values.onnx === undefined) === (values.repository === undefined))
			throw usage(
				`Expected either --onnx or --repository, found ${values.onnx === undefined ? 'none' : 'both'}`,
			);
		const folder = (given: string | undefined): string | undefined =>
			given === undefined ? undefined : context.path(given);
		const result = await context.engine.exportModel(
			{
				store: storeFolder(values.store, context),
				model,
				onnxPath: folder(values.onnx),
				repository: folder(values.repository),
				serverModel: values['server-model'],
				precision: values.precision,
				data: folder(values.data),
				threads: values.threads,
			},
			context.call,
		);
		return {
			json: result,
			text: `${result.path}, ${(result.bytes / 1e6).toFixed(1)} MB in ${result.precision}\n${describeCheck(result.check)}`,
		};
	},
});

function describeCheck({ images, source, skipped, scoreChange, mapDifference }: ExportCheck): string {
	const left = skipped === 0 ? '' : `, ${skipped} left out`;
	return `Held against the model on ${images} images (${source}${left}): scores differ by at most ${(100 * scoreChange).toPrecision(2)} %, values of the map by at most ${mapDifference.toExponential(1)}.`;
}
