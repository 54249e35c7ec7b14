import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { cancelSignal } from '../../shared/cancel';
import { engineFor } from '../../shared/engine';
import { readFolder } from '../../shared/folders';
import { forEachItem } from '../../shared/items';
import { modelProperty, readModel } from '../../shared/modelLocator';
import { shownFor } from '../../shared/operation';
import { deviceProperty, readCompute, threadsProperty } from '../../shared/properties';
import { readStore } from '../../shared/store';
import { optionsWithStore } from '../storeOptions';

export const option = {
	name: 'Quantize',
	value: 'quantize',
	action: 'Quantize a model',
	description:
		'Compare scores in int8 or float16 with full precision on known images; makes a version that may score in it when all verdicts stay',
};

export const description = shownFor(option.value, [
	modelProperty,
	{
		displayName: 'Dataset Folder',
		name: 'comparisonFolder',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. inspection/parts',
		description:
			'Folder of the images to compare on: a dataset, whose test images are taken, or a plain folder of good parts; a relative path counts from the first folder that n8n allows file access to',
	},
	{
		displayName: 'Precision',
		name: 'reducedPrecision',
		type: 'options',
		default: 'int8',
		description: 'What to compare with full precision',
		options: [
			{ name: 'Float16', value: 'float16', description: 'For devices other than the CPU' },
			{ name: 'Int8', value: 'int8', description: 'For processors' },
		],
	},
	optionsWithStore(
		deviceProperty,
		{
			displayName: 'Minimum Speedup',
			name: 'minSpeedup',
			type: 'number',
			typeOptions: { minValue: 0, maxValue: 100, numberPrecision: 2 },
			default: 1.1,
			description:
				'The precision is refused when it is not at least so many times as fast on this machine',
		},
		threadsProperty,
	),
]);

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	return forEachItem(context, async (_, index) => {
		const { device, threads } = readCompute(context, index);
		const request = {
			store: await readStore(context, index),
			model: readModel(context, index),
			data: await readFolder(context, index, 'comparisonFolder'),
			precision:
				context.getNodeParameter('reducedPrecision', index, 'int8') === 'float16'
					? ('float16' as const)
					: ('int8' as const),
			device,
			minSpeedup: context.getNodeParameter('options.minSpeedup', index, 1.1) as number,
			threads,
		};
		const result = await engineFor(context).quantise(request, { signal: cancelSignal(context) });
		const { model, version, parentVersion, check, skipped } = result;
		const { milliseconds, ...found } = check;
		return {
			json: {
				model,
				version,
				reference: `${model}@${version}`,
				madeFrom: `${model}@${parentVersion}`,
				...found,
				millisecondsFloat32: milliseconds.float32,
				[`milliseconds${check.precision === 'int8' ? 'Int8' : 'Float16'}`]: milliseconds.reduced,
				skippedImages: skipped.length,
				notices: skipped.map(({ file, reason }) => `Skipped: ${file}: ${reason}`).join('\n'),
			},
		};
	});
}
