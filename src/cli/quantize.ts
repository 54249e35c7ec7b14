import { REDUCED_PRECISIONS } from '../runtime/precisionNames';
import { describeCheck } from '../store/precisionCheck';
import { defineCommand } from './command';
import { commonRequest, DEVICE_FLAGS, OUTPUT_FLAGS, required, STORE_FLAG } from './commonFlags';
import { choice, list, number, text, usage } from './flags';

export const quantize = defineCommand({
	name: 'models quantize',
	synopsis: 'NAME[@VERSION|@ALIAS] --data DIR [options]',
	summary:
		'Compare scores in int8 or float16 with those in float32 on images of known truth: when every verdict stays and it is faster, writes a new version that may score in it',
	examples: [
		'dinomaly models quantize bottles --data ./bottles',
		'dinomaly score --model bottles@4 --precision int8 ./incoming',
		'dinomaly models quantize bottles --data ./bottles --precision float16 --device cuda',
	],
	flags: {
		model: text('NAME', 'The model, instead of as a word'),
		data: text('DIR', 'Test images of a dataset folder, or a plain folder of good parts'),
		category: list('NAME', 'Categories of that folder (default: all)'),
		'min-speedup': number('X', 'Refuse when it is not so many times as fast (default: 1.1)', {
			min: 0,
		}),
		precision: choice(
			REDUCED_PRECISIONS,
			'int8 for processors, float16 for other devices (default: int8)',
		),
		device: DEVICE_FLAGS.device,
		threads: DEVICE_FLAGS.threads,
		...STORE_FLAG,
		...OUTPUT_FLAGS,
	},
	run: async ({ values, words }, context) => {
		const named = values.model === undefined ? words : [values.model, ...words];
		if (named.length !== 1)
			throw usage(`Expected one model name, found ${named.length === 0 ? 'none' : named.join(' ')}`);
		const { store, device, threads } = commonRequest(values, context);
		const result = await context.engine.quantise(
			{
				store,
				precision: values.precision,
				device,
				threads,
				model: named[0],
				data: context.path(required(values.data, 'data')),
				categories: values.category,
				minSpeedup: values['min-speedup'],
			},
			{
				...context.call,
				onProgress: (done, total) => {
					context.progress.count('comparing', done, total);
				},
			},
		);
		for (const { file, reason } of result.skipped) context.progress.note(`Skipped: ${file}: ${reason}`);
		const { model, version, parentVersion, check } = result;
		return {
			json: result,
			text: [
				describeCheck(check),
				`Largest change of a score: ${(100 * check.largestChange).toFixed(2)} %; of the map ${(100 * check.maskChange).toFixed(3)} % lie on the other side of the mask's threshold.`,
				'',
				`${model}@${version}, made from version ${parentVersion}, may score with --precision ${check.precision}. Promote it when it suits: dinomaly models promote ${model}@${version}`,
			].join('\n'),
		};
	},
});
