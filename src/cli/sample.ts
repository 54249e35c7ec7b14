import { defineCommand } from './command';
import { OUTPUT_FLAGS } from './commonFlags';
import { number, usage } from './flags';

export const sampleCommand = defineCommand({
	name: 'sample',
	synopsis: 'DIR',
	summary: 'Draw a small dataset of parts with and without defects into a folder, to try everything on',
	examples: ['dinomaly sample ./sample && dinomaly train --data ./sample --model sample'],
	flags: {
		seed: number('N', 'Another seed draws other parts', { min: 0, whole: true }),
		...OUTPUT_FLAGS,
	},
	run: async ({ values, words }, context) => {
		if (words.length !== 1) throw usage(`Expected one folder to draw into, found ${words.length}`);
		const drawn = await context.engine.drawSample(
			{ dir: context.path(words[0]), seed: values.seed },
			context.call,
		);
		return {
			json: drawn,
			text: `${drawn.files} files, categories ${drawn.categories.join(', ')}\n${drawn.dir}`,
		};
	},
});
