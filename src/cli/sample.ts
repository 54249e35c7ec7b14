import { defineCommand } from './command';
import { OUTPUT_FLAGS } from './commonFlags';
import { number, usage } from './flags';

const POSITIVE = { min: 1, whole: true };

export const sampleCommand = defineCommand({
	name: 'sample',
	synopsis: 'DIR [options]',
	summary:
		'Draw a small dataset of three products with and without defects into a folder, to try everything on',
	examples: ['dinomaly sample ./sample && dinomaly train --data ./sample --model sample'],
	flags: {
		seed: number('N', 'Another seed draws other pieces (default: 1)', { min: 0, whole: true }),
		side: number('PX', 'Side of the pictures', POSITIVE),
		'train-images': number('N', 'Normal training pictures per product', POSITIVE),
		'good-images': number('N', 'Normal test pictures per product', POSITIVE),
		'defect-images': number('N', 'Test pictures per kind of defect', POSITIVE),
		...OUTPUT_FLAGS,
	},
	run: async ({ values, words }, context) => {
		if (words.length !== 1) throw usage(`Expected one folder to draw into, found ${words.length}`);
		const drawn = await context.engine.drawSample(
			{
				dir: context.path(words[0]),
				seed: values.seed,
				side: values.side,
				trainPerCategory: values['train-images'],
				testGoodPerCategory: values['good-images'],
				imagesPerDefect: values['defect-images'],
			},
			{
				...context.call,
				onProgress: (done, total) => {
					context.progress.count('drawing', done, total);
				},
			},
		);
		return {
			json: drawn,
			text: `${drawn.files} files, categories ${drawn.categories.join(', ')}\n${drawn.dir}`,
		};
	},
});
